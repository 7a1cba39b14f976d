"""``pzpipelines``: where the program begins."""

from __future__ import annotations

from pztables.early import begin_quietly, speak_again
from pztables.spare import DISPENSABLE, spare


def main() -> None:
    """Run the command line."""
    before = begin_quietly()
    spare(*DISPENSABLE)
    from pzpipelines.cli import main as run

    speak_again(before)
    run()
