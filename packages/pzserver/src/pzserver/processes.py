"""Pipeline runs: choose inputs, set options, run, wait, look at the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pzserver._photometry import EARLIER_OPTIONS, preselected
from pzserver.api import PzRequests
from pzserver.errors import Invalid, NotFound, ProcessFailed
from pzserver.pipelines import Pipeline
from pzserver.runs import current, log_pieces, wait_for

#: Options of the run itself; all others are parameters of the pipeline.
PROCESS_CONFIG_KEYS: Final = ("output_format",)
#: What of a request matters to a pre-flight.
_PREFLIGHT_KEYS: Final = frozenset({"inputs", "release"})


class Process:
    """A run of a pipeline, before and after it is submitted."""

    def __init__(self, pipeline: str, name: str, api: PzRequests) -> None:
        self._api = api
        self.name = name
        self.comment: str | None = None
        self.pipeline = Pipeline(pipeline, api)
        self._config = self.pipeline.parameters
        self._process_config: dict[str, Any] = {}
        self._inputs: list[int] = []
        self._submitted: dict[str, Any] | None = None
        self._upload: dict[str, Any] | None = None

    def available_product_types(self) -> list[str]:
        """Return the names of the product types that may be inputs."""
        return [item["name"] for item in self.pipeline.acceptable_product_types]

    def available_product_types_id(self) -> list[int]:
        """Return the ids of the product types that may be inputs."""
        return [item["id"] for item in self.pipeline.acceptable_product_types]

    @property
    def output(self) -> dict[str, Any] | None:
        """Return id and names of the product that the run makes, once submitted."""
        if self._upload is None:
            return None
        return {key: self._upload[key] for key in ("id", "display_name", "internal_name")}

    @property
    def process(self) -> dict[str, Any] | None:
        """Return id, status and output of the run, once submitted."""
        if self._submitted is None:
            return None
        return {"output": self.output, "id": self._submitted["id"], "status": self.check_status()}

    @property
    def inputs(self) -> list[int]:
        """Return the ids of the input products."""
        return self._inputs

    @property
    def config(self) -> dict[str, Any]:
        """Return the parameters as they stand."""
        return self._config

    @property
    def process_config(self) -> dict[str, Any]:
        """Return the options of the run itself, as they stand."""
        return self._process_config

    @property
    def used_config(self) -> dict[str, Any]:
        """Return the configuration that is submitted."""
        return {"param": self._config, **self._process_config}

    def append_input(self, input_id: int) -> None:
        """Add an input product."""
        self._inputs.append(input_id)

    def empty_input(self) -> None:
        """Forget the input products."""
        self._inputs = []

    def set_config(self, config: Mapping[str, Any]) -> None:
        """Change parameters or options; nested maps are merged over the present values.

        Raises
        ------
        Invalid
            If the pipeline has no such parameter.
        """
        unknown = sorted(set(config) - set(self._config) - set(PROCESS_CONFIG_KEYS))
        if unknown:
            known = ", ".join(dict.fromkeys((*self._config, *PROCESS_CONFIG_KEYS)))
            raise Invalid(
                f"{self.pipeline.display_name} has no option {', '.join(unknown)}; it has: {known}"
            )
        for key, value in config.items():
            if key in PROCESS_CONFIG_KEYS:
                self._process_config[key] = value
            else:
                self._config[key] = _merged(self._config.get(key), value)

    def get_product(
        self, product_id: int | None = None, internal_name: str | None = None
    ) -> dict[str, Any]:
        """Return a product that may be an input.

        Raises
        ------
        Invalid
            If none is named, or its type is not accepted.
        """
        if product_id:
            product = self._api.get("products", product_id)
        elif internal_name:
            rows = self._api.get_by_attribute("products", "internal_name", internal_name)["results"]
            if not rows:
                raise NotFound(f"product not found: {internal_name!r}")
            product = rows[0]
        else:
            raise Invalid("No product selected")
        if product["product_type"] not in self.available_product_types_id():
            accepted = ", ".join(self.available_product_types())
            raise Invalid(
                f"Input is not of the expected type: {product['internal_name']} must be "
                f"one of {accepted}"
            )
        return product

    def summary(self, extra_info: list[str] | None = None) -> None:
        """Print what will be, or was, run."""
        lines = [f"{self.pipeline.display_name}: {self.name}", f"Configuration: {self.config}"]
        if self.process_config:
            lines.append(f"Process options: {self.process_config}")
        lines.extend(extra_info or ())
        if self.output:
            lines.append(f"Output: {self.output}")
        lines.append(f"Status: {self.check_status()}")
        print("\n".join(["-" * 30, *lines, "-" * 30]))  # noqa: T201 - what the method is for

    def validate(self) -> dict[str, Any]:
        """Return the configuration as the server understands it, complete; nothing is run or read.

        Raises
        ------
        Invalid
            Naming the option, what is allowed, and what resembles it.
        """
        path = f"pipelines/{self.pipeline.pipeline_id}/validate/"
        return self._ask(path, {"used_config": self._asked_config()})

    def preflight(self) -> dict[str, Any]:
        """Return what the server expects of this run, without starting it."""
        body = {key: value for key, value in self._request().items() if key in _PREFLIGHT_KEYS}
        path = f"pipelines/{self.pipeline.pipeline_id}/preflight/"
        return self._ask(path, {**body, "used_config": self._asked_config()})

    def run(self) -> dict[str, Any]:
        """Submit the run; a second call changes nothing.

        Raises
        ------
        Invalid
            If the configuration is refused; nothing is kept then.
        """
        if self._submitted is not None:
            return self.process or {}
        request = self._request()
        self._check_before_submission()
        return self.submit(request)

    def submit(
        self, data: dict[str, Any], files: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a prepared request and return id, status and output."""
        process = self._api.start_process(data, files=files)
        self._submitted = {**data, "id": process["id"]}
        self._upload = self._api.get("products", process["upload"])
        return self.process or {}

    def check_status(self) -> str:
        """Return the status word of the run."""
        if self._submitted is None:
            return "The process has not been started"
        return str(self._current()["status"])

    def wait(
        self,
        timeout_seconds: float | None = None,
        *,
        poll_seconds: float = 1.0,
        on_change: Callable[[dict[str, Any]], None] | None = None,
    ) -> str:
        """Wait until the run has ended and return its status word.

        Parameters
        ----------
        timeout_seconds
            None waits for ever.
        poll_seconds
            Pause between questions.
        on_change
            Called with the process object at each answer.

        Raises
        ------
        TimeoutError
            If the time is over; the run goes on.
        """
        return wait_for(
            self._api.connection,
            self._process_id(),
            timeout_seconds=timeout_seconds,
            poll_seconds=poll_seconds,
            on_change=on_change,
        )

    def progress(self) -> dict[str, Any]:
        """Return how far the run is: ``status``, ``stages``, ``fraction`` of the whole …."""
        return current(self._api.connection, self._process_id())

    def logs(self) -> str:
        """Return the log of the run, as far as it is."""
        if self._submitted is None:
            return ""
        return "".join(log_pieces(self._api.connection, self._process_id()))

    def iter_logs(self) -> Iterator[str]:
        """Yield the log piece by piece, as it is written, until the run ends."""
        return log_pieces(self._api.connection, self._process_id(), follow=True)

    def rerun(self) -> Process:
        """Submit the same run again, with the same inputs and parameters; return it.

        Raises
        ------
        NotFound
            If the run is not one's own.
        Invalid
            If an input can no longer be used.
        """
        path = f"processes/{self._process_id()}/rerun/"
        return process_of(self._api, dict(self._api.connection.request("POST", path)))

    def stop(self) -> dict[str, Any] | str:
        """Ask for the run to stop."""
        if self._submitted is None:
            return "No process is running"
        return self._api.stop_process(self._submitted["id"])

    def raise_for_failure(self) -> None:
        """Raise the reason when the run has failed or was stopped.

        Raises
        ------
        ProcessFailed
            With the sentence that the server keeps.
        """
        current = self._current()
        if current["status"] in ("Failed", "Stopped"):
            reason = current.get("comment") or "no reason was recorded"
            raise ProcessFailed(f"process {current['id']} {current['status'].lower()}: {reason}")

    def adopt(self, record: Mapping[str, Any]) -> None:
        """Become a run that the server has.

        Parameters
        ----------
        record
            The process as the server shows it.
        """
        used = record["used_config"]
        self.name = str(record["display_name"])
        self._config = {**self._config, **used.get("param", {})}
        self._process_config = {
            key: used[key] for key in PROCESS_CONFIG_KEYS if used.get(key) is not None
        }
        self._inputs = list(record["inputs"])
        self._submitted = {"id": record["id"]}
        self._upload = self._api.get("products", record["upload"])

    def _process_id(self) -> int:
        if self._submitted is None:
            raise Invalid("The process has not been started")
        return int(self._submitted["id"])

    def _current(self) -> dict[str, Any]:
        return self._api.get("processes", self._process_id())

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send something that may be sent twice and return the answer."""
        return dict(self._api.connection.request("POST", path, json=body, repeatable=True))

    def _asked_config(self) -> dict[str, Any]:
        """Return the configuration without what travels as a file."""
        return self.used_config

    def _check_before_submission(self) -> None:
        """Have the server look at the configuration first; one that cannot is not asked."""
        try:
            self.validate()
        except NotFound:
            return

    def _request(self) -> dict[str, Any]:
        return {
            "display_name": self.name,
            "used_config": self.used_config,
            "pipeline": self.pipeline.pipeline_id,
            "inputs": self.inputs,
        }


class CRCProcess(Process):
    """A run of Combine Redshift Catalogs."""

    def __init__(self, name: str, api: PzRequests) -> None:
        super().__init__("combine_redshift_dedup", name, api)
        self._default_flags_translation = self._config.get("flags_translation_file")
        self._catalogs: list[dict[str, Any]] = []

    @property
    def input_catalogs(self) -> list[dict[str, Any]]:
        """Return id and names of the catalogs to combine."""
        return self._catalogs

    def append_catalog(self, _id: int | None = None, internal_name: str | None = None) -> None:
        """Add a catalog; one that is there already is not added again."""
        product = self.get_product(product_id=_id, internal_name=internal_name)
        if product["id"] in self.inputs:
            return
        self._catalogs.append(
            {
                "name": product["display_name"],
                "internal_name": product["internal_name"],
                "id": product["id"],
            }
        )
        self.append_input(product["id"])

    def set_flags_translation(self, flags_translation: str | Path) -> None:
        """Use a rule file of one's own, sent with the run."""
        self.set_config({"flags_translation_file": str(flags_translation)})

    def _asked_config(self) -> dict[str, Any]:
        config = super()._asked_config()
        default = self._default_flags_translation
        return {**config, "param": {**config["param"], "flags_translation_file": default}}

    def submit(
        self, data: dict[str, Any], files: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Submit a prepared request, with the rule file when one was set."""
        rules = self._config.get("flags_translation_file")
        if rules == self._default_flags_translation or not rules:
            return super().submit(data, files=files)
        with Path(rules).open("rb") as file:
            return super().submit(data, files={"flags_translation_file": file})

    def summary(self, extra_info: list[str] | None = None) -> None:
        """Print what will be, or was, run."""
        extra = list(extra_info or ())
        if self._catalogs:
            extra.append(f"Input catalogs: {self._catalogs}")
        super().summary(extra_info=extra)


class TSMProcess(Process):
    """A run of Training Set Maker.

    What is left at its default of the photometry (flux type, dereddening, magnitudes or
    fluxes) becomes what the release preselects, as soon as one is chosen.
    """

    def __init__(self, name: str, api: PzRequests) -> None:
        super().__init__("training_set_maker", name, api)
        self._release: dict[str, Any] | None = None
        self._redshift: dict[str, Any] | None = None
        self._decided: set[str] = set()

    @property
    def release(self) -> dict[str, Any] | None:
        """Return the release whose objects are matched."""
        return self._release

    @property
    def redshift(self) -> dict[str, Any] | None:
        """Return the redshift catalog."""
        return self._redshift

    def available_releases(self) -> list[dict[str, Any]]:
        """Return the releases whose objects can be matched."""
        releases = self._api.get_all("releases")
        return [each for each in releases if each["has_mag_hats"] or each["has_flux_hats"]]

    def set_release(self, name: str | None = None, release_id: int | None = None) -> None:
        """Choose the release by name or id.

        Raises
        ------
        Invalid
            If none is named.
        NotFound
            If there is none, or one may not see it; those that there are are listed.
        """
        if release_id:
            release: dict[str, Any] | None = self._api.get("releases", release_id)
        elif name:
            release = self._api.get_by_name("releases", name)
        else:
            raise Invalid("No release selected")
        if release is None:
            names = [each["name"] for each in self.available_releases()]
            there = f"there is {', '.join(names)}" if names else "there is none with objects"
            raise NotFound(f"no release {name!r}, or you may not see it; {there}")
        self._release = release
        self._config |= {
            key: value
            for key, value in preselected(release).items()
            if key in self._config and key not in self._decided
        }

    def set_redshift(self, _id: int | None = None, internal_name: str | None = None) -> None:
        """Choose the redshift catalog by id or ``internal_name``."""
        self._redshift = self.get_product(product_id=_id, internal_name=internal_name)
        self.empty_input()
        self.append_input(self._redshift["id"])

    def set_config(self, config: Mapping[str, Any]) -> None:
        """Change parameters or options; nested maps are merged over the present values.

        Raises
        ------
        Invalid
            If the pipeline has no such parameter.
        """
        earlier = {key: value for key, value in config.items() if key in EARLIER_OPTIONS}
        super().set_config({key: value for key, value in config.items() if key not in earlier})
        self._config |= earlier
        self._decided |= set(config)

    def adopt(self, record: Mapping[str, Any]) -> None:
        """Become a run that the server has.

        Parameters
        ----------
        record
            The process as the server shows it.
        """
        super().adopt(record)
        self._decided |= set(self._config)
        if record.get("release"):
            self._release = self._api.get("releases", record["release"])

    def summary(self, extra_info: list[str] | None = None) -> None:
        """Print what will be, or was, run."""
        extra = list(extra_info or ())
        if self._redshift:
            extra.append(f"Redshift: {self._redshift['internal_name']}")
        if self._release:
            extra.append(f"Release: {self._release['display_name']}")
        super().summary(extra_info=extra)

    def _request(self) -> dict[str, Any]:
        if self._release is None:
            raise Invalid("No release selected: call set_release first")
        if not self.inputs:
            raise Invalid("No redshift catalog selected: call set_redshift first")
        return {**super()._request(), "release": self._release["id"]}


def _merged(old: Any, new: Any) -> Any:
    """Return a nested map with new values over old ones; anything else is replaced."""
    if isinstance(old, dict) and isinstance(new, Mapping) and old:
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


def process_of(api: PzRequests, record: Mapping[str, Any]) -> Process:
    """Return a run that the server has as an object: wait for it, read its log, run it again.

    Parameters
    ----------
    api
        Where it runs.
    record
        The process as the server shows it.
    """
    kinds: dict[str, Callable[[str, PzRequests], Process]] = {
        "combine_redshift_dedup": CRCProcess,
        "training_set_maker": TSMProcess,
    }
    pipeline, name = str(record["pipeline_name"]), str(record["display_name"])
    make = kinds.get(pipeline)
    process = make(name, api) if make else Process(pipeline, name, api)
    process.adopt(record)
    return process
