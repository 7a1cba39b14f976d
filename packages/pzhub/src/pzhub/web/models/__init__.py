"""Models of the site: what administrators say to everybody."""

from pzhub.web.models.announcement import Announcement, AnnouncementLevel

__all__ = ["Announcement", "AnnouncementLevel"]
