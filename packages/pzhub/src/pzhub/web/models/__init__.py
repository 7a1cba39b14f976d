"""Models of the site: what administrators say to everybody."""

from pzhub.web.models.announcement import Announcement, AnnouncementLevel
from pzhub.web.models.page_text import PageText, TextPageName

__all__ = ["Announcement", "AnnouncementLevel", "PageText", "TextPageName"]
