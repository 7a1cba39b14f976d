"""``manage run_processes``: the reconciler alone, for servers without `pzhub serve`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from pzhub.processes.reconciler import reconcile_once


class Command(BaseCommand):
    """Start, watch and collect pipeline runs."""

    help = "Start, watch and collect pipeline runs until TERM or INT."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer a single pass."""
        parser.add_argument("--once", action="store_true", help="Do one pass and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        from pzhub.supervisor.parts import run_processes

        if options["once"]:
            reconcile_once()
        else:
            run_processes()
