"""Acts on what the site says to everybody."""

from pzhub.web.services.announcements import (
    AnnouncementWishes,
    create_announcement,
    end_announcement,
    update_announcement,
)

__all__ = [
    "AnnouncementWishes",
    "create_announcement",
    "end_announcement",
    "update_announcement",
]
