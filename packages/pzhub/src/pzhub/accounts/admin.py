"""Administration of accounts: users and their groups; tokens to read and revoke elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from pzhub.accounts.models import ApiToken, User
from pzhub.core.admin import ReadOnly

if TYPE_CHECKING:
    _Tokens = admin.ModelAdmin[ApiToken]
    _Users = UserAdmin[User]
else:
    _Tokens = admin.ModelAdmin
    _Users = UserAdmin


@admin.register(User)
class PersonAdmin(_Users):
    """Users, with the name that others see."""

    fieldsets = (*(UserAdmin.fieldsets or ()), ("Site", {"fields": ("display_name", "language")}))
    list_display = ("username", "display_name", "email", "is_active", "is_superuser")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly, _Tokens):
    """Tokens by their hint; the text itself is not kept."""

    list_display = ("user", "name", "hint", "scope", "created_at", "expires_at", "revoked_at")
    list_filter = ("scope",)
    search_fields = ("user__username", "name")
