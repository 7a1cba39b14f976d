"""Runs of pipelines: the last part of the facade."""

from __future__ import annotations

from typing import Any

from pzserver.api import PzRequests
from pzserver.errors import Invalid
from pzserver.processes import CRCProcess, Process, TSMProcess, process_of
from pzserver.products import find_product
from pzserver.runs import progress_teller


class _Processing:
    """Making products of products."""

    api: PzRequests

    def combine_redshift_catalogs(self, name: str) -> CRCProcess:
        """Prepare a run of Combine Redshift Catalogs.

        Examples
        --------
        >>> run = pz.combine_redshift_catalogs("ECDFS together")
        >>> run.append_catalog(internal_name="1_2dfgrslike_ecdfs")
        >>> run.append_catalog(internal_name="2_vvdslike_ecdfs")
        >>> run.set_config({"combine_type": "concatenate_and_mark_duplicates"})
        >>> run.preflight()["rows_in"]
        2700
        >>> result = pz.run_and_wait(run)
        >>> result["display_name"], run.check_status()
        ('ECDFS together', 'Successful')
        """
        return CRCProcess(name, self.api)

    def training_set_maker(self, name: str) -> TSMProcess:
        """Prepare a run of Training Set Maker."""
        return TSMProcess(name, self.api)

    def run_and_wait(self, process: Process) -> dict[str, Any]:
        """Submit a run, wait for its end and return its result: id and names of the product.

        In terminals and notebooks each stage is told as it begins.

        Raises
        ------
        ProcessFailed
            If the run failed or was stopped, with the reason.
        """
        process.run()
        process.wait(on_change=progress_teller())
        process.raise_for_failure()
        return process.output or {}

    def get_process(self, process_id: int) -> Process:
        """Return a run that was submitted earlier: to wait for it, read its log, run it again."""
        return process_of(self.api, self.api.get("processes", process_id))

    def rerun(self, product_id: int | str) -> Process:
        """Make a product again: submit the run that made it once more.

        Wait for the run that is returned, then `compare_products` tells whether the result is the
        same.

        Parameters
        ----------
        product_id
            Id or ``internal_name`` of a product that a pipeline made.

        Raises
        ------
        Invalid
            If it was uploaded.
        NotFound
            If its run is not one's own.

        Examples
        --------
        >>> again = pz.rerun(result["id"])
        >>> again.wait()
        'Successful'
        >>> pz.compare_products(result["id"], again.output["id"])["is_same"]
        True
        """
        product = find_product(self.api, product_id)
        if product.get("process_id") is None:
            raise Invalid(
                f"{product['internal_name']} was uploaded, not made by a pipeline",
                code="no_provenance",
            )
        return self.get_process(product["process_id"]).rerun()

    def compare_products(self, first: int | str, second: int | str) -> dict[str, Any]:
        """Tell whether the main files of two products are the same, byte for byte.

        The server compares by checksum; nothing is downloaded.

        Returns
        -------
        ``{"is_same": bool, "checksums": [SHA-256 of each]}``

        Examples
        --------
        >>> pz.compare_products("1_2dfgrslike_ecdfs", "2_vvdslike_ecdfs")["is_same"]
        False
        """
        ids = [find_product(self.api, product)["id"] for product in (first, second)]
        checksums = [str(self.api.prepare_main_file(key)["checksum"]) for key in ids]
        return {"is_same": checksums[0] == checksums[1], "checksums": checksums}
