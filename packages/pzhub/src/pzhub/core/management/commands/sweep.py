"""``manage sweep [--every SECONDS]``: repair what killed processes left behind."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from pzhub.core.sweeps import sweep_once


class Command(BaseCommand):
    """Run the registered sweeps, once or for ever."""

    help = "Repair what killed processes left behind; remove what expired."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare ``--every``."""
        parser.add_argument("--every", type=float, default=0, help="repeat, seconds; 0 = once")

    def handle(self, *_: Any, every: float, **__: Any) -> None:
        """Sweep, and again every so many seconds."""
        sweep_once()
        while every > 0:
            time.sleep(every)
            close_old_connections()
            sweep_once()
