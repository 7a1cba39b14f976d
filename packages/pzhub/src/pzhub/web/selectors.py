"""Reads of the frame and the landing page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser, Group
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.accounts.selectors import access_groups, administrators
from pzhub.catalog.models import Product, ProductStatus, Release
from pzhub.catalog.pages.rows import rows_of, with_row_relations
from pzhub.catalog.selectors import (
    PRODUCT_SEARCH_FIELDS,
    matching_words,
    products_visible_to,
)
from pzhub.core.errors import NotFoundError
from pzhub.core.models import AuditEntry
from pzhub.core.storage import data_path
from pzhub.processes.models import Phase, Process
from pzhub.processes.pages.jobview import Progress, stages_of, summary_of
from pzhub.processes.pipelines import FLAGS_FILE, spec_of
from pzhub.processes.selectors import attempt_folder, processes_visible_to
from pzhub.processes.transitions import FINAL_PHASES
from pzhub.web.hosted_sky import hosted_sky

_WORD: Final = re.compile(r"[^\W_]{3,}")
_MOST_WORDS, _LOOKED_AT, _SHOWN_MISSES = 6, 200, 5
#: What the search for users looks at.
USER_SEARCH_FIELDS: Final = ("username", "display_name", "email", "first_name", "last_name")


def job_counts(user: User | AnonymousUser) -> dict[str, int]:
    """Count what the bar shows of a user, in one query.

    Returns
    -------
    ``running`` jobs; those that ``failed`` within a week and whose notice was not read;
    ``unread`` notices; ``newest`` of them by number, 0 without any
    """
    if not isinstance(user, User):
        return {"running": 0, "failed": 0, "unread": 0, "newest": 0}
    week = connection.ops.adapt_datetimefield_value(timezone.now() - timedelta(days=7))
    with connection.cursor() as cursor:
        ended, failed = [phase.value for phase in FINAL_PHASES], Phase.ERROR.value
        cursor.execute(_COUNTS, [user.pk, *ended, user.pk, failed, week, user.pk, user.pk])
        found = cursor.fetchone()
    return dict(zip(("running", "failed", "unread", "newest"), map(int, found), strict=True))


#: Written out: every page asks this, and to build it anew took longer than most of the page.
_COUNTS: Final = f"""
SELECT
    (SELECT COUNT(*) FROM processes_process
        WHERE user_id = %s AND phase NOT IN ({", ".join(["%s"] * len(FINAL_PHASES))})),
    (SELECT COUNT(*) FROM processes_process AS run
        WHERE run.user_id = %s AND run.phase = %s AND run.ended_at >= %s AND NOT EXISTS (
            SELECT 1 FROM notices_notice AS notice
            WHERE notice.key = 'job ' || CAST(run.id AS text) AND notice.read_at IS NOT NULL)),
    (SELECT COUNT(*) FROM notices_notice WHERE user_id = %s AND read_at IS NULL),
    (SELECT COALESCE(MAX(id), 0) FROM notices_notice WHERE user_id = %s AND read_at IS NULL)
"""


def near_misses(user: User | AnonymousUser, name: str) -> list[Product]:
    """Return the published products whose names are most like one that does not exist."""
    words = [word for word in _WORD.findall(name.lower()) if not word.isdigit()][:_MOST_WORDS]
    if not words or not isinstance(user, User):
        return []
    wanted = Q()
    for word in words:
        wanted |= Q(internal_name__icontains=word)
    published = products_visible_to(user).filter(status=ProductStatus.PUBLISHED)
    found = list(published.filter(wanted).select_related(None).defer("description")[:_LOOKED_AT])
    found.sort(
        key=lambda product: -SequenceMatcher(None, product.internal_name or "", name).ratio()
    )
    return found[:_SHOWN_MISSES]


def landing_of(user: User) -> dict[str, Any]:
    """Return what the landing page shows: counts, latest products, own drafts and jobs."""
    published = products_visible_to(user).filter(status=ProductStatus.PUBLISHED)
    week = timezone.now() - timedelta(days=7)
    counts = published.order_by().aggregate(
        all=Count("pk"),
        official=Count("pk", filter=Q(official_product=True)),
        redshift_catalogs=Count("pk", filter=Q(product_type__name="redshift_catalog")),
        training_sets=Count("pk", filter=Q(product_type__name="training_set")),
        new=Count("pk", filter=Q(official_product=False, published_at__gte=week)),
    )
    waiting = (ProductStatus.REGISTERING, ProductStatus.FAILED)
    own = products_visible_to(user).filter(user=user)
    jobs = processes_visible_to(user).filter(user=user).select_related("upload")[:4]
    return {
        "counts": counts | {"shared": counts["all"] - counts["official"]},
        "hosted": hosted_sky(),
        "latest_official": _latest_official(published),
        "latest": rows_of(with_row_relations(published)[:8], user),
        "drafts": own.filter(status__in=waiting, process__isnull=True)[:4],
        "jobs": [(process, _stages(process)) for process in jobs],
    }


def _stages(process: Process) -> Progress | None:
    return None if process.phase in FINAL_PHASES else stages_of(process)


def _latest_official(published: QuerySet[Product]) -> Product | None:
    """Return the official product that administrators call the latest, or the newest one."""
    official = published.filter(official_product=True)
    return official.order_by("-is_latest", "-published_at").first()


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was told and did, and the flag rules that it used, as far as they were kept."""

    pipeline: str
    version: str
    config: dict[str, Any]
    flags_translation: str
    summary: dict[str, Any] | None


_SHOWN: Final = ("param", "output_name", "output_format")


def run_of(product: Product, viewer: User) -> Run:
    """Return the run that made a product, as far as somebody may see it.

    Raises
    ------
    NotFoundError
        If no run made it.
    """
    process: Process | None = getattr(product, "process", None)
    if process is None:
        raise NotFoundError(f"{product} was uploaded: no run made it.")
    return Run(
        pipeline=spec_of(process.pipeline).display_name,
        version=process.pipeline_version,
        # Not the inputs: not everybody who sees the result may see all of them.
        config={key: process.used_config[key] for key in _SHOWN if key in process.used_config},
        flags_translation=_flags_translation(process),
        summary=_summary(process, viewer),
    )


def _summary(process: Process, viewer: User) -> dict[str, Any] | None:
    """Return what the run did, without the inputs that the viewer may not see."""
    summary = summary_of(process)
    if summary is None:
        return None
    inputs = products_visible_to(viewer).filter(used_by_links__process=process)
    visible = set(inputs.values_list("internal_name", flat=True))
    catalogs = [item for item in summary["catalogs"] if item["internal_name"] in visible]
    unmapped = [item for item in summary["unmapped"] if item["catalog"] in visible]
    return {**summary, "catalogs": catalogs, "unmapped": unmapped}


def _flags_translation(process: Process) -> str:
    """Return the rule file kept with the result, or in the folder of a run without one."""
    kept = process.upload.files.filter(name=FLAGS_FILE).first()
    if kept is not None:
        places = [data_path(kept.path)]
    else:
        places = [attempt_folder(process) / FLAGS_FILE] if process.path else []
    return "".join(path.read_text(errors="replace") for path in places if path.is_file())


def administration_counts() -> dict[str, int]:
    """Count what administrators look after."""
    products = Product.objects.aggregate(
        published=Count("pk", filter=Q(status=ProductStatus.PUBLISHED)),
        official=Count("pk", filter=Q(status=ProductStatus.PUBLISHED, official_product=True)),
        deleted=Count("pk", filter=Q(status=ProductStatus.DELETED)),
    )
    users = User.objects.aggregate(
        users=Count("pk", filter=Q(is_active=True)),
        switched_off=Count("pk", filter=Q(is_active=False)),
    )
    groups, releases = access_groups().count(), Release.objects.count()
    return {**products, **users, "groups": groups, "releases": releases}


def products_of_kind(user: User, kind: str, words: str) -> QuerySet[Product]:
    """Return products for the list of administrators, newest first.

    Parameters
    ----------
    user
        The administrator.
    kind
        ``"official"``, ``"shared"``, ``"deleted"``; anything else means all.
    words
        Parts of names or of owners.
    """
    products = products_visible_to(user, include_deleted=True)
    published = Q(status=ProductStatus.PUBLISHED)
    conditions = {
        "official": published & Q(official_product=True),
        "shared": published & Q(official_product=False),
        "deleted": Q(status=ProductStatus.DELETED),
    }
    found = matching_words(products, words, (*PRODUCT_SEARCH_FIELDS, "internal_name"))
    return found.filter(conditions.get(kind, Q()))


def users_of_kind(kind: str, words: str) -> QuerySet[User]:
    """Return users for the list of administrators, by login name, with their groups.

    Parameters
    ----------
    kind
        ``"administrators"`` or ``"off"``; anything else means all.
    words
        Parts of names or addresses.
    """
    users = User.objects.order_by("username").prefetch_related("groups")
    found = matching_words(users, words, USER_SEARCH_FIELDS)
    found = found.annotate(is_admin=Exists(administrators().filter(pk=OuterRef("pk"))))
    return found.filter(
        {"administrators": Q(is_admin=True), "off": Q(is_active=False)}.get(kind, Q())
    )


def groups_with_counts() -> QuerySet[Group]:
    """Return the access groups with ``members`` counted, and their releases."""
    counted = access_groups().annotate(members=Count("user"))
    return counted.prefetch_related("releases")


def members_of(group: Group) -> QuerySet[User]:
    """Return the members of a group by login name."""
    return User.objects.filter(groups=group).order_by("username")


def audit_actions() -> list[str]:
    """Return every act that the audit log knows."""
    names = AuditEntry.objects.order_by("action").values_list("action", flat=True)
    return list(names.distinct())


def audit_entries(
    *,
    who: str = "",
    what: str = "",
    target: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEntry]:
    """Return acts, newest first.

    Parameters
    ----------
    who
        Part of the name of who did it.
    what
        The act, as it is written.
    target
        Parts of the name or kind of what it was done to.
    since, until
        First and last day.
    """
    entries = matching_words(AuditEntry.objects.all(), target, ("object_name", "object_type"))
    entries = matching_words(entries, who, ("actor_name",))
    if what:
        entries = entries.filter(action=what)
    if since:
        entries = entries.filter(at__date__gte=since)
    if until:
        entries = entries.filter(at__date__lte=until)
    return entries.order_by("-id")
