"""Models of the outbox."""

from pzhub.outbox.models.letter import Letter, LetterState

__all__ = ["Letter", "LetterState"]
