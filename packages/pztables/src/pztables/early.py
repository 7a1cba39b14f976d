"""The first moments of a program: Ctrl-C while its libraries load.

Nothing but ``signal`` is imported here: this is what runs first.
"""

from __future__ import annotations

import signal


def begin_quietly() -> object:
    """Let Ctrl-C end the program without a word; a traceback would only tell what was read.

    Returns
    -------
    what `speak_again` takes, once everything is imported
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else Ctrl-C is switched off, or handled already
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return before


def speak_again(before: object) -> None:
    """Handle Ctrl-C as the program did before `begin_quietly`."""
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)
