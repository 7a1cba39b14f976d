"""A product's table together with its metadata, and quick plots of it."""

from __future__ import annotations

from typing import Any

from pzserver.errors import Invalid
from pzserver.notebook import show_table

_POSITION_AND_Z = {"RA": "pos.eq.ra;meta.main", "Dec": "pos.eq.dec;meta.main", "z": "src.redshift"}


class Catalog:
    """Data with the metadata of its product.

    Attributes
    ----------
    data
        A table with columns by name (astropy, pandas).
    metadata
        As `PzServer.get_product_metadata` returns it.
    columns
        The associated columns: ``[{"column_name", "alias", "ucd"}, …]``.
    """

    def __init__(
        self, data: Any = None, metadata: dict[str, Any] | None = None, metadata_df: Any = None
    ) -> None:
        self.data = data
        self.metadata = metadata or {}
        self.metadata_df = metadata_df
        self.columns: list[dict[str, Any]] = (
            self.metadata.get("main_file", {}).get("columns_association") or []
        )

    def display_metadata(self) -> None:
        """Show the metadata as a table."""
        rows = [{"key": key, "value": value} for key, value in self.metadata.items()]
        show_table(rows, {"key": "key", "value": "value"})

    def column_of(self, meaning: str) -> str:
        """Return the name of the column with a meaning (``"RA"``, ``"Dec"``, ``"z"``).

        Raises
        ------
        Invalid
            If no column has it.
        """
        ucd = _POSITION_AND_Z[meaning]
        for column in self.columns:
            if column.get("ucd") == ucd:
                return str(column["column_name"])
        raise Invalid(f"no column is associated with {meaning}")


class SpeczCatalog(Catalog):
    """A reference redshift catalog."""

    def plot(self, savefig: bool = False) -> str | None:
        """Plot positions and the redshift distribution; return the file name when saved."""
        from matplotlib import pyplot as plt

        ra, dec, z = (self.column_of(meaning) for meaning in ("RA", "Dec", "z"))
        figure, (sky, redshifts) = plt.subplots(1, 2, figsize=(8, 3))
        sky.scatter(self.data[ra], self.data[dec], s=2)
        sky.set_xlabel(f"{ra} (deg)")
        sky.set_ylabel(f"{dec} (deg)")
        redshifts.hist(self.data[z], bins=30)
        redshifts.set_xlabel(z)
        redshifts.set_ylabel("counts")
        figure.tight_layout()
        return _saved(figure, "specz_catalog.png") if savefig else None


class TrainingSet(Catalog):
    """A training set."""

    def plot(self, mag_name: str | None = None, savefig: bool = False) -> str | None:
        """Plot redshifts, and with a magnitude its distribution and magnitude against redshift."""
        from matplotlib import pyplot as plt

        z = self.column_of("z")
        figure, axes = plt.subplots(
            1, 3 if mag_name else 1, squeeze=False, figsize=(12 if mag_name else 5, 4)
        )
        redshifts = axes[0, 0]
        redshifts.hist(self.data[z], bins=30)
        redshifts.set_xlabel(z)
        redshifts.set_ylabel("counts")
        if mag_name:
            axes[0, 1].hist(self.data[mag_name], bins=30)
            axes[0, 1].set_xlabel(mag_name)
            axes[0, 2].plot(self.data[z], self.data[mag_name], ".", markersize=2)
            axes[0, 2].set_xlabel(z)
            axes[0, 2].set_ylabel(mag_name)
        figure.tight_layout()
        return _saved(figure, "train_set.png") if savefig else None


def _saved(figure: Any, name: str) -> str:
    figure.savefig(name)
    return name
