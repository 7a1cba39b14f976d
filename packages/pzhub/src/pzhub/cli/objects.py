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
Disabled = Annotated[
    list[str] | None,
    typer.Option(help="Flux type or dereddening that forms show greyed; may be repeated."),
]
Columns = Annotated[str | None, typer.Option(help="Columns to keep, with commas between.")]


@app.command("register-release")
def register_release(
    name: Annotated[str, typer.Argument(help="Short name, such as dp1.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    *,
    objects: ObjectsPath = None,
    display_name: Annotated[
        str | None, typer.Option(help="Name for people; default: the name in capitals.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="What the release is.")] = None,
    group: Groups = None,
    public: Annotated[
        bool | None,
        typer.Option("--public/--not-public", help="Whether everybody signed in may use it."),
    ] = None,
    indexing_column: Annotated[
        str | None, typer.Option(help="Column that identifies an object; default: as detected.")
    ] = None,
    flux_type: Annotated[str | None, typer.Option(help="Flux type that forms preselect.")] = None,
    dereddening: Annotated[
        str | None, typer.Option(help="Dereddening that forms preselect.")
    ] = None,
    disable: Disabled = None,
    update: Annotated[
        bool, typer.Option("--update", help="Change the release of this name.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be registered; write nothing.")
    ] = False,
    shallow: Annotated[
        bool, typer.Option("--shallow", help="Look at the positions of some partitions only.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether the data are as registered.")
    ] = False,
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
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...", help="Object tables (Parquet, CSV, FITS, HDF5), or their folders."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the new collection.")
    ],
    *,
    ra: Annotated[
        str | None, typer.Option(help="Right ascension, degrees; default: as detected.")
    ] = None,
    dec: Annotated[
        str | None, typer.Option(help="Declination, degrees; default: as detected.")
    ] = None,
    object_id: Annotated[
        str | None, typer.Option("--id", help="Identifier of an object; default: as detected.")
    ] = None,
    columns: Columns = None,
    keep_primary_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Keep the rows where this column is true; drop the column."
        ),
    ] = None,
    margin_arcsec: Annotated[
        float, typer.Option(min=0, max=3600, help="Width of the margin; 0 for none.")
    ] = 10.0,
    max_rows: Annotated[int, typer.Option(min=1, help="Rows of a partition at most.")] = 1_000_000,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave out rows without a valid position.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
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
