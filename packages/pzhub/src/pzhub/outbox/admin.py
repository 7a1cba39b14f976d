"""Letters in Django's administration: to look at, not to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from pzhub.core.admin import ReadOnly
from pzhub.outbox.models import Letter

if TYPE_CHECKING:
    _Letters = admin.ModelAdmin[Letter]
else:
    _Letters = admin.ModelAdmin


@admin.register(Letter)
class LetterAdmin(ReadOnly, _Letters):
    """What was mailed to whom and when, without the words: they may hold a link to a password."""

    list_display = ("key", "to", "state", "attempt", "due_at", "ended_at", "error")
    list_filter = ("state",)
    search_fields = ("to", "key")
    exclude = ("text", "html")
