"""Prepare a data folder: database, rows that the server needs, releases."""

from __future__ import annotations

import sys
from typing import Final

#: Releases that a new server knows, with the name that people use.
FIRST_RELEASES: Final = (
    ("dp02", "LSST DP0.2", "Data Preview 0.2: simulated data of DESC DC2."),
    ("dp1", "LSST DP1", "Data Preview 1: commissioning camera, seven fields."),
)


def prepare_database() -> None:
    """Bring the database up to date; does nothing, quickly, when it is."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("Preparing the database ...")
        call_command("migrate", verbosity=0, interactive=False)
        _add_first_releases()
    from pzhub.processes.services import register_pipelines

    register_pipelines()


def _add_first_releases() -> None:
    """Create the releases of a new server; an administrator may rename or hide them later."""
    from pzhub.catalog.models import Release
    from pzhub.cli.releases import create_release_named

    if Release.objects.exists():
        return
    for name, display_name, description in FIRST_RELEASES:
        create_release_named(name, display_name=display_name, description=description)


def say(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
