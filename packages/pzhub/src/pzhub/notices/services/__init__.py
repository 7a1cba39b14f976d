"""Acts of notices."""

from pzhub.notices.services.choices import choose_mail
from pzhub.notices.services.telling import (
    forget_old_notices,
    mark_all_read,
    mark_read,
    mark_seen,
    notify,
)

__all__ = [
    "choose_mail",
    "forget_old_notices",
    "mark_all_read",
    "mark_read",
    "mark_seen",
    "notify",
]
