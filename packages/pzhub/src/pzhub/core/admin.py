"""Administration of the core: the audit log, to read only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from pzhub.core.models import AuditEntry

if TYPE_CHECKING:
    _Entries = admin.ModelAdmin[AuditEntry]
else:
    _Entries = admin.ModelAdmin


class ReadOnly:
    """Rows that services write: the administration shows them and changes nothing."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, _Entries):
    """Who did what."""

    list_display = ("at", "actor_name", "action", "object_type", "object_name")
    list_filter = ("action", "object_type")
    search_fields = ("actor_name", "object_name")
    date_hierarchy = "at"
