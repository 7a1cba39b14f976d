"""Acts on what the site says to everybody."""

from pzhub.web.services.announcements import (
    AnnouncementWishes,
    create_announcement,
    end_announcement,
    update_announcement,
)
from pzhub.web.services.texts import TEXT_LENGTH, set_page_text

__all__ = [
    "TEXT_LENGTH",
    "AnnouncementWishes",
    "create_announcement",
    "end_announcement",
    "set_page_text",
    "update_announcement",
]
