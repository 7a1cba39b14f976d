"""What the frame of every page needs: configuration, banner, jobs of the user."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from pzhub.accounts.policies import is_administrator
from pzhub.config import hub_config
from pzhub.core.middleware import request_id
from pzhub.web.announced import announced_now
from pzhub.web.selectors import job_counts

THEMES = ("system", "light", "dark")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the frame; the counts are queried only where they are shown."""
    config = hub_config()
    return {
        "operator_name": config.operator_name,
        "helpdesk_email": config.helpdesk_email,
        "environment_name": config.environment_name,
        "is_test_instance": config.environment_name.lower() != "production",
        "production_url": config.production_url,
        "site_version": version("pzhub"),
        # Every page that says what went wrong gives the number under which the log has it.
        "incident": request_id(request),
        "theme": SimpleLazyObject(lambda: theme_of(request)),
        "shortcuts_are_off": SimpleLazyObject(lambda: _are_shortcuts_off(request)),
        "is_administrator": SimpleLazyObject(lambda: is_administrator(request.user)),
        "announced": SimpleLazyObject(announced_now),
        "job_counts": SimpleLazyObject(lambda: job_counts(request.user)),
    }


def theme_of(request: HttpRequest) -> str:
    """Return the theme of this browser: chosen in it, else chosen by the user in another."""
    theme = request.COOKIES.get("pz_theme", "")
    if theme not in THEMES:
        theme = getattr(getattr(request, "user", None), "theme", "")
    return theme if theme in THEMES else "system"


def _are_shortcuts_off(request: HttpRequest) -> bool:
    """Return whether the user wants no single keys to do things."""
    return not getattr(getattr(request, "user", None), "single_key_shortcuts", True)
