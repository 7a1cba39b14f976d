"""Which photometric columns are read, which are computed, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from pzpipelines.objects.bands import Band, PhotometrySet, detect
from pzpipelines.objects.catalog import ObjectCatalog
from pzpipelines.training.errors import PhotometryError
from pzpipelines.training.extinction import coefficients_of
from pzpipelines.training.parameters import NO_DEREDDENING, TrainingParameters
from pzpipelines.training.sources import Kind, Recipe
from pztables.errors import ColumnMissingError
from pztables.expressions.errors import near_names
from pztables.numbers import is_numeric

#: ``flurerr_g``: so misspelt in a release that people have.
_FLUX: Final = re.compile(r"flu[xr]", re.IGNORECASE)
#: Where the band comes last, as in ``mag_g``, the mark of dereddening precedes it.
_BAND_LAST: Final = re.compile(r"^((?:mag|flux)_?(?:err)?)_", re.IGNORECASE)
_LISTED_COLUMNS: Final = 40


@dataclass(frozen=True, slots=True)
class BandWork:
    """What is done with the columns of one band.

    Attributes
    ----------
    band
        Its columns on disk.
    kind, makes
        What is on disk and what is made of it: ``mag`` or ``flux``.
    value, error
        Names of the columns in the training set; ``None`` where not wanted.
    coefficient
        A/E(B-V), or ``None`` where nothing is dereddened.
    is_computed
        Whether the values are other than those on disk (save what is invalid).
    """

    band: Band
    kind: Kind
    makes: Kind
    value: str | None
    error: str | None
    coefficient: float | None = None
    is_computed: bool = False

    @property
    def reads(self) -> list[str]:
        """Columns on disk that are needed: without its value no error is known to be one."""
        columns = [self.band.value]
        return [*columns, self.band.error] if self.error and self.band.error else columns


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """The photometric columns of a training set.

    Attributes
    ----------
    names
        In order.
    works
        The bands among them.
    reads
        Columns to read from the object catalog.
    identifier
        Column that identifies an object, or ``None``: each row is one.
    """

    names: tuple[str, ...]
    works: tuple[BandWork, ...] = ()
    reads: tuple[str, ...] = ()
    identifier: str | None = None

    @property
    def dereddens(self) -> bool:
        """Whether E(B-V) is needed."""
        return any(work.coefficient is not None for work in self.works)


def plan_columns(
    catalog: ObjectCatalog,
    recipe: Recipe | None,
    parameters: TrainingParameters,
    *,
    identifier: str | None = None,
) -> ColumnPlan:
    """Decide about the photometric columns.

    Parameters
    ----------
    catalog
        Of the recipe's source.
    recipe
        ``None``: the catalog is taken as it is.
    parameters
        Of the run.
    identifier
        Column that identifies an object, where the release says so; read if it exists.

    Raises
    ------
    ColumnMissingError
        If a selected column does not exist, with near names.
    PhotometryError
        If photometry is to be computed and the columns are of no known pattern.
    NoExtinctionCoefficientError
        If a band that is to be dereddened has no coefficient.
    """
    schema = catalog.schema
    sets = _numeric(detect(schema.names).sets, schema)
    chosen = _chosen(catalog, sets, recipe)
    works = [work for each in sets for work in _works(each, recipe if each is chosen else None)]
    computed = {name for work in works if work.is_computed for name in _made(work)}
    offered = _offered(schema.names, sets, chosen, works, recipe)
    names = _selected(catalog, parameters.selected_cols, offered, computed)
    wanted = [kept for work in works if (kept := _kept(work, names, computed)) is not None]
    wanted = _with_coefficients(wanted, parameters)
    reads = [name for name in names if name not in computed]
    reads += [column for work in wanted for column in work.reads]
    if any(work.coefficient is not None for work in wanted):
        reads += [catalog.ra, catalog.dec]
    if identifier not in schema.names:
        identifier = None
    if identifier is not None:
        reads.append(identifier)
    return ColumnPlan(tuple(names), tuple(wanted), tuple(dict.fromkeys(reads)), identifier)


def computed_name(column: str, *, converts: bool, dust_map: str | None) -> str:
    """Name what is computed from a column as the release would have named it.

    Parameters
    ----------
    column
        ``g_cModelFlux``, ``fluxerr_g`` ...
    converts
        Whether a flux becomes a magnitude.
    dust_map
        Map that it is corrected with, or ``None``.

    Returns
    -------
    ``g_cModelMag``, ``g_cModelMag_sfd``, ``magerr_g``, ``magerr_dered_g`` ...
    """
    if converts:
        column = _FLUX.sub(_mag_like, column, count=1)
    if dust_map is None:
        return column
    if _BAND_LAST.match(column):
        return _BAND_LAST.sub(r"\1_dered_", column)
    return f"{column}_{dust_map}"


def _mag_like(found: re.Match[str]) -> str:
    text = found[0]
    if text.isupper():
        return "MAG"
    return "Mag" if text[0].isupper() else "mag"


def _numeric(sets: Sequence[PhotometrySet], schema: pa.Schema) -> list[PhotometrySet]:
    kept = []
    for each in sets:
        bands = tuple(b for b in each.bands if is_numeric(schema.field(b.value).type)
                      and (b.error is None or is_numeric(schema.field(b.error).type)))  # fmt: skip
        if bands:
            kept.append(replace(each, bands=bands))
    return kept


def _chosen(
    catalog: ObjectCatalog, sets: Sequence[PhotometrySet], recipe: Recipe | None
) -> PhotometrySet | None:
    """Return the columns that are computed with, or that were chosen among several."""
    if recipe is None:
        return None
    source = recipe.source
    fitting = [each for each in sets if each.kind == source.kind]
    if not source.is_prepared:
        fitting = [
            each
            for each in fitting
            if each.flux_type == source.flux_type
            and (each.dereddening or NO_DEREDDENING) == source.dereddening
        ]
    elif len(fitting) > 1:
        wanted = (source.flux_type or "").casefold()
        fitting = [each for each in fitting if (each.flux_type or "").casefold() == wanted]
    if len(fitting) == 1:
        return fitting[0]
    if not recipe.is_computed:
        return None
    raise PhotometryError(
        f"release {catalog.name}: its columns do not show which of them are "
        f"{'fluxes' if source.kind == 'flux' else 'magnitudes'} of {source.flux_type}, so they "
        f"cannot be {recipe.words}; the columns are "
        f"{', '.join(catalog.schema.names[:_LISTED_COLUMNS])}",
        option="flux_type",
        columns=catalog.schema.names,
    )


def _works(found: PhotometrySet, recipe: Recipe | None) -> Iterator[BandWork]:
    """Yield what is done with each band: computed as the recipe says, or only cleaned."""
    if recipe is None or not recipe.is_computed:
        for band in found.bands:
            yield BandWork(band, found.kind, found.kind, band.value, band.error)
        return
    makes: Kind = "mag" if recipe.converts else found.kind
    dust_map = recipe.dereddening if recipe.dereddens else None
    for band in found.bands:
        value, error = (
            None
            if column is None
            else computed_name(column, converts=recipe.converts, dust_map=dust_map)
            for column in (band.value, band.error)
        )
        coefficient = 0.0 if recipe.dereddens else None  # looked up for the wanted bands only
        yield BandWork(band, found.kind, makes, value, error, coefficient, is_computed=True)


def _made(work: BandWork) -> list[str]:
    return [name for name in (work.value, work.error) if name]


def _offered(
    names: Sequence[str],
    sets: Sequence[PhotometrySet],
    chosen: PhotometrySet | None,
    works: Sequence[BandWork],
    recipe: Recipe | None,
) -> list[str]:
    """Return the columns of a training set for which none are selected.

    What was prepared is taken as it is; of a catalog with several kinds of
    photometry only the chosen one, and computed columns are where those were
    that they were computed from.
    """
    if recipe is None or (recipe.source.is_prepared and not recipe.is_computed):
        return list(names)
    others = {
        column
        for each in sets
        if each is not chosen
        for band in each.bands
        for column in (band.value, band.error)
    }
    instead = {
        column: name
        for work in works
        if work.is_computed
        for column, name in ((work.band.value, work.value), (work.band.error, work.error))
        if column and name
    }
    offered = [instead.get(name, name) for name in names if name not in others]
    return list(dict.fromkeys(offered))


def _selected(
    catalog: ObjectCatalog, selected: Sequence[str], offered: list[str], computed: set[str]
) -> list[str]:
    if not selected:
        return offered
    known = [*catalog.schema.names, *sorted(computed - set(catalog.schema.names))]
    if unknown := [name for name in selected if name not in known]:
        near = {name: near_names(name, known) for name in unknown}
        hints = "".join(f" Did you mean {found[0]}?" for found in near.values() if found)
        raise ColumnMissingError(
            f"selected_cols: the object catalog has no column {', '.join(unknown)}.{hints} It has "
            f"{', '.join(known[:_LISTED_COLUMNS])}{' …' if len(known) > _LISTED_COLUMNS else ''}",
            option="selected_cols",
            columns=unknown,
            near=near,
            available=known,
        )
    return list(dict.fromkeys(selected))


def _kept(work: BandWork, names: Sequence[str], computed: set[str]) -> BandWork | None:
    """Return the work for the wanted columns only, or ``None``."""
    if not work.is_computed and {work.value, work.error} & computed:
        return None  # hidden by computed columns of the same names
    value = work.value if work.value in names else None
    error = work.error if work.error in names else None
    return replace(work, value=value, error=error) if value or error else None


def _with_coefficients(works: Sequence[BandWork], parameters: TrainingParameters) -> list[BandWork]:
    bands = [work.band.name for work in works if work.coefficient is not None]
    coefficients = coefficients_of(parameters.extinction_coefficients, bands) if bands else {}
    return [
        work if work.coefficient is None
        else replace(work, coefficient=coefficients[work.band.name])
        for work in works
    ]  # fmt: skip
