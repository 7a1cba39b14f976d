"""A product's table together with its metadata, and quick plots of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pzserver import plots
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

    _picture = "catalog.png"

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
        name = self._known(meaning)
        if name is None:
            raise Invalid(f"no column is associated with {meaning}")
        return name

    def plot(
        self,
        savefig: bool | str | Path = False,
        *,
        magnitude: str | None = None,
        color: tuple[str, str] | None = None,
    ) -> Any:
        """Plot positions and redshifts, where they are known, and what is asked for.

        Parameters
        ----------
        savefig
            File to save the figure in; True means a name by the kind of catalog.
        magnitude
            A column to draw against redshift, with its counts.
        color
            Two magnitude columns whose difference is drawn against redshift.

        Returns
        -------
        the axes, from left to right, or the name of the file when it is saved

        Raises
        ------
        Invalid
            If there is nothing to plot: no column is associated with z or positions.
        """
        panels = self._panels(magnitude, color)
        if not savefig:
            return panels
        name = self._picture if savefig is True else str(savefig)
        panels[0].figure.savefig(name, dpi=150)
        return name

    def _panels(self, magnitude: str | None, color: tuple[str, str] | None) -> list[Any]:
        z_name = self._known("z")
        drawings: list[Callable[[Any], None]] = []
        if (ra := self._known("RA")) and (dec := self._known("Dec")):
            drawings.append(lambda panel: plots.draw_sky(panel, self._of(ra), self._of(dec)))
        if z_name:
            drawings.append(lambda panel: plots.draw_redshifts(panel, self._of(z_name), z_name))
        drawings += self._asked(z_name, magnitude, color)
        if not drawings:
            raise Invalid("nothing to plot: no column is associated with z, or with RA and Dec")
        panels = plots.panels_of(len(drawings))
        for draw, panel in zip(drawings, panels, strict=True):
            draw(panel)
        return panels

    def _asked(
        self, z_name: str | None, magnitude: str | None, color: tuple[str, str] | None
    ) -> list[Callable[[Any], None]]:
        """Return the drawings of a magnitude and a colour."""
        drawings: list[Callable[[Any], None]] = []
        if magnitude is not None:
            values = self._of(magnitude)
            drawings.append(lambda panel: plots.draw_counts(panel, values, magnitude))
            drawings += self._against_z(z_name, values, magnitude)
        if color is not None:
            blue, red = color
            difference = self._of(blue) - self._of(red)
            drawings += self._against_z(z_name, difference, f"{blue} − {red}")
        return drawings

    def _against_z(
        self, z_name: str | None, values: Any, label: str
    ) -> list[Callable[[Any], None]]:
        z_name = z_name or self.column_of("z")
        labels = (z_name, label)
        z = self._of(z_name)
        return [lambda panel: plots.draw_against_redshift(panel, z, values, labels)]

    def _of(self, name: str) -> Any:
        return plots.numbers(self.data, name)

    def _known(self, meaning: str) -> str | None:
        """Return the column with a meaning, or None."""
        ucd = _POSITION_AND_Z[meaning]
        names = (str(item["column_name"]) for item in self.columns if item.get("ucd") == ucd)
        return next(names, None)


class SpeczCatalog(Catalog):
    """A reference redshift catalog."""

    _picture = "specz_catalog.png"


class TrainingSet(Catalog):
    """A training set."""

    _picture = "train_set.png"

    def plot(  # type: ignore[override]  # the published name and place of the magnitude
        self,
        mag_name: str | None = None,
        savefig: bool | str | Path = False,
        *,
        color: tuple[str, str] | None = None,
    ) -> Any:
        """Plot positions and redshifts, and with a magnitude its counts and its run with redshift.

        Parameters
        ----------
        mag_name
            A magnitude column.
        savefig, color
            As for `Catalog.plot`.

        Returns
        -------
        the axes, from left to right, or the name of the file when it is saved
        """
        return super().plot(savefig, magnitude=mag_name, color=color)
