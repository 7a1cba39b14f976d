"""What every command needs first: the data folder, then Django."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir", envvar="PZHUB_DATA_DIR", help="Folder that holds everything the server keeps."
    ),
]
DEFAULT_DATA_DIR = Path("data")


def start_django(data_dir: Path) -> None:
    """Point the configuration at a data folder and load Django.

    Must run before anything that reads the settings is imported.
    """
    # Pools of threads in every numerical library would fight for the same few cores.
    for library in ("OPENBLAS", "OMP", "NUMEXPR"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    os.environ["PZHUB_DATA_DIR"] = str(data_dir.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pzhub.settings.development")

    import django

    django.setup()


def start_prepared(data_dir: Path) -> None:
    """Load Django over a data folder whose database is there and up to date."""
    start_django(data_dir)

    from pzhub.supervisor.prepare import prepare_database

    prepare_database()
