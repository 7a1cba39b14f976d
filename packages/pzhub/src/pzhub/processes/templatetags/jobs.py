"""Filters for jobs: how long something took, how large a part of the sky is."""

from __future__ import annotations

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from pzhub.processes.models import Process

register = template.Library()


@register.filter
def duration(seconds: float) -> str:
    """Write seconds for people: ``0.4 s``, ``12 s``, ``1 min 12 s``, ``2 h 5 min``."""
    if seconds < 0.05:
        return _("< 0.1 s")
    if seconds < 9.95:
        return _("%(s).1f s") % {"s": seconds}
    whole = round(seconds)
    if whole < 60:
        return _("%(s)d s") % {"s": whole}
    if whole < 3600:
        return _("%(m)d min %(s)d s") % {"m": whole // 60, "s": whole % 60}
    return _("%(h)d h %(m)d min") % {"h": whole // 3600, "m": whole % 3600 // 60}


@register.filter
def elapsed(process: Process) -> str:
    """Write how long a run has taken, or takes already."""
    if process.started_at is None:
        return ""
    return duration(((process.ended_at or timezone.now()) - process.started_at).total_seconds())


@register.filter
def queued(process: Process) -> str:
    """Write how long a run waited for its turn; empty when that was no time worth telling."""
    if process.started_at is None:
        return ""
    seconds = (process.started_at - process.created_at).total_seconds()
    return duration(seconds) if seconds >= 1 else ""


@register.filter
def area(degrees: float) -> str:
    """Write square degrees: ``0.012 deg²``, ``4.7 deg²``, ``5,000 deg²``."""
    digits = 0 if degrees >= 100 else 1 if degrees >= 1 else 3
    rounded = round(degrees, digits)  # number_format cuts off
    return f"{number_format(rounded, digits, use_l10n=True, force_grouping=True)} deg²"
