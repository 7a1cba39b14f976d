"""The commands of object catalogs: make one in HATS, register a release with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pzhub.cli.commands import Groups, app
from pzhub.cli.environment import DEFAULT_DATA_DIR, DataDir, start_prepared

__all__ = ["app"]

ObjectsPath = Annotated[
    Path | None,
    typer.Option(
        "--objects",
        metavar="HATS_PATH",
        help="HATS catalog or collection, or folder of prepared ones"
        " (<mag or flux>/<flux type>/<dereddening>/catalog); default: the folder of this name"
        " among the datasets.",
    ),
]
DisplayName = Annotated[
    str | None, typer.Option(help="Name for people; default: the name in capitals.")
]
Description = Annotated[str | None, typer.Option(help="What the release is.")]
Public = Annotated[
    bool | None,
    typer.Option("--public/--not-public", help="Whether everybody signed in may use it."),
]
IndexingColumn = Annotated[
    str | None, typer.Option(help="Column that identifies an object; default: as detected.")
]
FluxType = Annotated[str | None, typer.Option(help="Flux type that forms preselect.")]
Dereddening = Annotated[str | None, typer.Option(help="Dereddening that forms preselect.")]
Disabled = Annotated[
    list[str] | None,
    typer.Option(help="Flux type or dereddening that forms show greyed; may be repeated."),
]
Update = Annotated[bool, typer.Option("--update", help="Change the release of this name.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be registered; write nothing.")
]
Shallow = Annotated[
    bool, typer.Option("--shallow", help="Look at the positions of some partitions only.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Only tell whether the data are as registered.")
]
Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="SOURCE...", help="Object tables (Parquet, CSV, FITS, HDF5), or their folders."
    ),
]
NewCollection = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the new collection.")
]
RightAscension = Annotated[
    str | None, typer.Option(help="Right ascension, degrees; default: as detected.")
]
Declination = Annotated[
    str | None, typer.Option(help="Declination, degrees; default: as detected.")
]
ObjectId = Annotated[
    str | None, typer.Option("--id", help="Identifier of an object; default: as detected.")
]
Columns = Annotated[str | None, typer.Option(help="Columns to keep, with commas between.")]
PrimaryColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Keep the rows where this column is true; drop the column."
    ),
]
MarginArcsec = Annotated[
    float, typer.Option(min=0, max=3600, help="Width of the margin; 0 for none.")
]
MaxRows = Annotated[int, typer.Option(min=1, help="Rows of a partition at most.")]
SkipBadRows = Annotated[
    bool, typer.Option("--skip-bad-rows", help="Leave out rows without a valid position.")
]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes.")]


@app.command("register-release")
def register_release(
    name: Annotated[str, typer.Argument(help="Short name, such as dp1.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    *,
    objects: ObjectsPath = None,
    display_name: DisplayName = None,
    description: Description = None,
    group: Groups = None,
    public: Public = None,
    indexing_column: IndexingColumn = None,
    flux_type: FluxType = None,
    dereddening: Dereddening = None,
    disable: Disabled = None,
    update: Update = False,
    dry_run: DryRun = False,
    shallow: Shallow = False,
    check: Check = False,
) -> None:
    """Register a release with its object catalog, once the catalog has been checked."""
    start_prepared(data_dir)
    from pzhub.cli import releases
    from pzhub.processes.services import Choices, ReleaseWishes

    if check:
        releases.check_release(name, deep=not shallow)
        return
    wishes = ReleaseWishes(
        path=objects,
        display_name=display_name,
        description=description,
        groups=group,
        is_public=public,
        indexing_column=indexing_column,
        choices=Choices(disabled=disable, flux_type=flux_type, dereddening=dereddening),
    )
    releases.register(name, wishes, update=update, dry_run=dry_run, deep=not shallow)


@app.command("import-objects")
def import_objects(
    sources: Sources,
    output: NewCollection,
    *,
    ra: RightAscension = None,
    dec: Declination = None,
    object_id: ObjectId = None,
    columns: Columns = None,
    keep_primary_column: PrimaryColumn = None,
    margin_arcsec: MarginArcsec = 10.0,
    max_rows: MaxRows = 1_000_000,
    skip_bad_rows: SkipBadRows = False,
    workers: Workers = 1,
) -> None:
    """Turn object tables into a HATS collection with a margin, which a release can offer."""
    # Not through the server: it needs neither its database nor its settings.
    from pzpipelines.objects.importing import ImportOptions, Wishes
    from pzpipelines.objects.importing import import_objects as make_collection

    kept = tuple(each.strip() for each in columns.split(",") if each.strip()) if columns else None
    options = ImportOptions(
        Wishes(ra, dec, object_id, kept, keep_primary_column),
        margin_arcsec=margin_arcsec,
        max_rows=max_rows,
        workers=workers,
        skip_bad_rows=skip_bad_rows,
        progress=sys.stderr.isatty(),
    )
    made = make_collection(sources, output, options, lambda words: typer.echo(words, err=True))
    identifier = f" --indexing-column {made.tables.object_id}" if made.tables.object_id else ""
    typer.echo(f"Wrote {made.n_rows:,} objects to {made.path}.")
    typer.echo(
        f"Register it: pzhub register-release {output.name} --objects {output}{identifier}",
        err=True,
    )
