"""Texts of pages that administrators write in place of the site's own."""

from __future__ import annotations

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.core.errors import ForbiddenError, InvalidError, NotFoundError
from pzhub.core.models import AuditEntry
from pzhub.web.models import PageText
from pzhub.web.services import set_page_text

EDIT = "/administration/texts/about/en"


@pytest.fixture
def site(admin: User) -> Client:
    """Return an administrator's browser, signed in."""
    client = Client()
    client.force_login(admin)
    return client


def test_a_text_replaces_the_sites_own_in_its_language_until_it_is_emptied(
    site: Client, client: Client
) -> None:
    own = client.get("/about").content.decode()
    saved = site.post(EDIT, {"text": "# Who\r\n\r\nWe & <script>you</script>"})

    assert saved.headers["Location"] == "/about"
    page = client.get("/about").content.decode()
    assert "<h2>Who</h2>" in page
    assert "We &amp; &lt;script&gt;you" in page
    assert "Names and permanence" not in page
    spanish = client.get("/about", headers={"Accept-Language": "es"}).content.decode()
    assert "<h2>Who</h2>" not in spanish
    site.post(EDIT, {"text": " "})
    assert "Names and permanence" in own
    assert "Names and permanence" in client.get("/about").content.decode()
    versions = AuditEntry.objects.filter(action="page-text-changed").order_by("id")
    assert [(row.object_name, row.data["text"]) for row in versions] == [
        ("about (en)", "# Who\n\nWe & <script>you</script>"),
        ("about (en)", ""),
    ]


def test_a_preview_saves_nothing_and_keeps_what_was_typed(site: Client) -> None:
    page = site.post(EDIT, {"text": "**Bold** news", "preview": "1"}).content.decode()

    assert "<strong>Bold</strong> news" in page
    assert "**Bold** news</textarea>" in page
    assert not PageText.objects.exists()


def test_the_same_text_again_is_no_act(admin: User) -> None:
    for text in ("", "Hello", "Hello "):
        set_page_text(actor=admin, page="contact", language="es", text=text)
    assert AuditEntry.objects.filter(action="page-text-changed").count() == 1


def test_other_people_pages_and_languages_are_refused(admin: User, ana: User) -> None:
    with pytest.raises(ForbiddenError):
        set_page_text(actor=ana, page="about", language="en", text="Mine")
    with pytest.raises(NotFoundError):
        set_page_text(actor=admin, page="login", language="en", text="x")
    with pytest.raises(NotFoundError):
        set_page_text(actor=admin, page="about", language="fr", text="x")
    with pytest.raises(InvalidError, match="50001 characters"):
        set_page_text(actor=admin, page="about", language="en", text="x" * 50_001)
    assert not PageText.objects.exists()


def test_only_administrators_are_led_to_the_editor(site: Client, ana_site: Client) -> None:
    assert EDIT in site.get("/about").content.decode()
    assert EDIT not in ana_site.get("/about").content.decode()
