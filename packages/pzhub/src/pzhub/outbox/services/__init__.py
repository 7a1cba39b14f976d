"""Acts of the outbox."""

from pzhub.outbox.services.posting import is_mail_on, post
from pzhub.outbox.services.sending import send_letter, sweep_letters

__all__ = ["is_mail_on", "post", "send_letter", "sweep_letters"]
