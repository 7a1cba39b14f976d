"""A view of a table as a link that desktop tools fetch without a session."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from astropy.table import Table
from django.core import signing
from django.test import Client

from pzhub.accounts.models import User
from pzhub.accounts.services import create_user
from pzhub.catalog.models import Product, Release
from pzhub.tables.services.links import sign_view
from pzhub.web.middleware import POLICY

TableMaker = Callable[..., Product]


@pytest.fixture
def browser(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def link_in(page: Any) -> str:
    """Return the path of the link that a page offers."""
    found = re.search(r'data-link="http://testserver(/vo/sent/[^"]+)"', page.content.decode())
    assert found
    return unescape(found[1])


def table_in(response: Any) -> Table:
    return Table.read(io.BytesIO(response.getvalue()), format="votable")


def asked(token: str) -> tuple[int, str]:
    """Return the status and the text of what a link gives."""
    answer = Client().get(f"/vo/sent/{token}")
    return answer.status_code, answer.getvalue().decode()


def test_the_link_gives_the_rows_and_columns_of_the_view_to_who_has_no_session(
    table_product: TableMaker, browser: Client
) -> None:
    product = table_product()
    address = f"/product/{product.internal_name}/samp"
    view = {"where": "zspec > 1 and survey == 'DESI'", "cols": "dec,zspec", "sort": "-zspec"}

    page = browser.get(address, view)
    answer = Client().get(link_in(page))

    assert (page.status_code, answer.status_code) == (200, 200)
    assert answer["Content-Type"] == "application/x-votable+xml"
    rows = table_in(answer)
    assert rows.colnames == ["dec", "zspec"]
    assert len(rows) > 10
    assert list(rows["zspec"]) == sorted(rows["zspec"], reverse=True)
    assert min(rows["zspec"]) > 1
    whole = table_in(Client().get(link_in(browser.get(address))))
    assert len(whole) == 200


def test_only_the_page_that_sends_may_reach_the_hub(
    table_product: TableMaker, browser: Client
) -> None:
    product = table_product()
    policies = [
        browser.get(f"/product/{product.internal_name}{part}")["Content-Security-Policy"]
        for part in ("", "/data", "/samp")
    ]
    assert policies[:2] == [POLICY, POLICY]
    assert policies[2] == POLICY.replace(
        "connect-src 'self'", "connect-src 'self' http://localhost:21012 http://127.0.0.1:21012"
    )


def test_the_link_does_not_stand_in_the_rows_it_gives(
    table_product: TableMaker, browser: Client
) -> None:
    product = table_product()
    link = link_in(browser.get(f"/product/{product.internal_name}/samp", {"where": "zspec > 1"}))
    content = asked(link.rsplit("/", 1)[1])[1]
    assert link.rsplit("/", 1)[1] not in content
    assert f"/product/{product.internal_name}/data?where=" in unescape(content)


def test_a_link_that_is_altered_old_or_of_somebody_who_left_is_refused(
    table_product: TableMaker, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = table_product()
    token = sign_view(bob, product, "")
    assert asked(token)[0] == 200
    invalid = (403, "This link is not valid: send the table again from its page.")
    assert asked(token[:-1] + ("A" if token[-1] != "A" else "B")) == invalid
    assert asked(signing.dumps({"u": bob.pk, "p": product.pk}, salt="other")) == invalid
    monkeypatch.setattr("pzhub.tables.services.links.LINK_SECONDS", -1)
    assert asked(token) == (403, "This link has expired: send the table again from its page.")
    monkeypatch.undo()
    User.objects.filter(pk=bob.pk).update(session_epoch=bob.session_epoch + 1)
    assert asked(token) == invalid
    User.objects.filter(pk=bob.pk).update(session_epoch=bob.session_epoch, is_active=False)
    assert asked(token) == invalid


def test_a_link_gives_no_more_than_its_maker_may_see_now(
    table_product: TableMaker, carla: User, closed_release: Release
) -> None:
    product = table_product()
    Product.objects.filter(pk=product.pk).update(release=closed_release)
    stranger = create_user(username="eve", password="correct horse battery")
    statuses = [asked(sign_view(user, product, ""))[0] for user in (carla, stranger)]
    assert statuses == [200, 404]
    carla.groups.clear()
    assert asked(sign_view(carla, product, ""))[0] == 404


def test_a_wrong_condition_is_told_as_plain_text(table_product: TableMaker, bob: User) -> None:
    answer = Client().get(f"/vo/sent/{sign_view(bob, table_product(), 'where=zzz+%3E+1')}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert "zzz" in answer.content.decode()


def test_a_product_without_table_has_nothing_to_send(
    ana: User, browser: Client, product_factory: Any, file_factory: Any
) -> None:
    product = product_factory(ana)
    file_factory(product)
    assert browser.get(f"/product/{product.internal_name}/samp").status_code in (404, 409)
