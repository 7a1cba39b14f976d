"""Tags about drafts."""

from __future__ import annotations

from datetime import datetime

from django import template

from pzhub.catalog.models import Product
from pzhub.uploads.services import expires_soon, expiry_of

register = template.Library()


@register.filter
def expires_on(draft: Product) -> datetime | None:
    """Return when a draft is discarded, if that is soon."""
    return expiry_of(draft) if expires_soon(draft) else None
