"""What administrators say to everybody, and the log of what was done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.accounts.services import create_group, switch_user_off
from pzhub.core.errors import ForbiddenError, InvalidError
from pzhub.core.models import AuditEntry
from pzhub.web.announced import forget_announcements
from pzhub.web.models import Announcement
from pzhub.web.services import AnnouncementWishes, create_announcement, end_announcement

HOUR = timedelta(hours=1)


def wishes(text: str = "Maintenance at noon", **changed: object) -> AnnouncementWishes:
    known = {
        "level": "warning",
        "text_en": text,
        "text_pt_br": "",
        "text_es": "",
        "begins_at": timezone.now() - HOUR,
        "ends_at": None,
    }
    return AnnouncementWishes(**(known | changed))  # type: ignore[typeddict-item]


@pytest.fixture(autouse=True)
def forgotten(db: None) -> Iterator[None]:
    """Keep nothing in memory for the tests that follow."""
    forget_announcements()
    yield
    forget_announcements()


@pytest.fixture
def site(admin: User) -> Client:
    """Return an administrator's browser, signed in."""
    client = Client()
    client.force_login(admin)
    return client


def test_everybody_reads_what_is_announced_now_in_their_language(
    client: Client, admin: User, ana_site: Client
) -> None:
    now = timezone.now()
    create_announcement(actor=admin, wishes=wishes("Now <b>here</b>", text_es="Ahora"))
    create_announcement(actor=admin, wishes=wishes("Later", begins_at=now + HOUR))
    create_announcement(
        actor=admin, wishes=wishes("Before", begins_at=now - 2 * HOUR, ends_at=now - HOUR)
    )

    for page in (client.get("/login"), client.get("/"), ana_site.get("/products")):
        text = page.content.decode()
        assert "Now &lt;b&gt;here&lt;/b&gt;" in text
        assert "Later" not in text
        assert "Before" not in text
    assert "Ahora" in client.get("/about", headers={"Accept-Language": "es"}).content.decode()
    portuguese = client.get("/about", headers={"Accept-Language": "pt-BR"}).content.decode()
    assert "Now &lt;b&gt;here" in portuguese


def test_an_announcement_is_made_changed_and_ended_on_the_pages(site: Client) -> None:
    sent = {"level": "info", "text_en": "DR1 is here", "begins_at": "2026-01-01T10:00"}
    assert site.post("/administration/announcements/new", sent).status_code == 302
    row = Announcement.objects.get()
    address = f"/administration/announcements/of/{row.pk}"
    assert 'value="2026-01-01T10:00"' in site.get(address).content.decode()
    refused = site.post(address, {**sent, "ends_at": "2025-01-01T10:00"})
    assert refused.status_code == 400
    assert "ends_at" in refused.context["form"].errors
    site.post(address, {**sent, "text_en": "DR1 is out"})
    assert "DR1 is out" in site.get("/about").content.decode()
    site.post(f"{address}/end")
    assert "DR1 is out" not in site.get("/about").content.decode()
    log = AuditEntry.objects.filter(action__startswith="announcement").order_by("id")
    assert [entry.action.partition("-")[2] for entry in log] == ["created", "updated", "ended"]


def test_one_that_is_ended_before_it_began_never_appears(admin: User, client: Client) -> None:
    row = create_announcement(
        actor=admin, wishes=wishes("Never seen", begins_at=timezone.now() + HOUR)
    )
    end_announcement(actor=admin, announcement=row)
    assert "Never seen" not in client.get("/about").content.decode()


def test_members_announce_nothing_and_the_end_comes_last(ana: User, admin: User) -> None:
    with pytest.raises(ForbiddenError):
        create_announcement(actor=ana, wishes=wishes())
    with pytest.raises(InvalidError):
        create_announcement(actor=admin, wishes=wishes(ends_at=timezone.now() - 2 * HOUR))
    assert not Announcement.objects.exists()
    with pytest.raises(IntegrityError, match="announcement_ends_after_it_begins"):
        Announcement.objects.create(**wishes(ends_at=timezone.now() - 2 * HOUR))


def test_the_audit_log_is_narrowed_by_who_what_when_and_on_what(
    site: Client, admin: User, ana: User, bob: User
) -> None:
    create_group(actor=admin, name="dp1-team")
    switch_user_off(actor=admin, user=bob)
    AuditEntry.objects.filter(object_name="dp1-team").update(at=timezone.now() - 48 * HOUR)
    today = timezone.now().date()

    def found(query: str) -> list[str]:
        page = site.get(f"/administration/audit?{query}").context["page"]
        return [f"{entry.action} {entry.object_name}" for entry in page]

    assert found("who=ROO") == ["user-switched-off bob", "group-created dp1-team"]
    assert found("what=group-created") == ["group-created dp1-team"]
    assert found("target=bob") == ["user-switched-off bob", "user-created bob"]
    assert found(f"who=root&since={today}") == ["user-switched-off bob"]
    assert found(f"who=root&until={today - timedelta(days=1)}") == ["group-created dp1-team"]
    assert site.get("/administration/audit?since=never").context["form"].errors
    assert len(found("size=25&page=99")) == 5  # the last page there is


def test_pages_ask_for_announcements_once_in_a_while(client: Client, admin: User) -> None:
    create_announcement(actor=admin, wishes=wishes("Kept"))
    client.get("/login")
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/login").content.decode()

    assert len(captured) == 0
    assert "Kept" in page
