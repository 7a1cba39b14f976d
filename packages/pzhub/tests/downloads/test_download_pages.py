"""The download button of the site: with script a fragment, without script the file itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.downloads.models import Archive, ArchiveStatus
from pzhub.downloads.services import archives

TABLE = b"ra,dec,z\n1.0,2.0,0.5\n"


@pytest.fixture
def product(ana: User, product_factory: Any, file_factory: Any) -> Product:
    product: Product = product_factory(ana, name="Zed set", type_name="redshift_catalog")
    file_factory(product, TABLE)
    return product


@pytest.fixture
def browser(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def button(product: Product) -> str:
    return reverse("downloads:prepare", args=[product.internal_name])


def test_the_button_without_script_leads_to_the_file(browser: Client, product: Product) -> None:
    answer = browser.post(button(product), {"kind": "main_file"})
    assert answer.status_code == 302
    fetched = browser.get(answer["Location"])
    assert b"".join(fetched) == TABLE  # type: ignore[arg-type]  # a stream
    assert fetched["Content-Disposition"] == 'attachment; filename="cat.csv"'


def test_the_button_with_script_becomes_a_link(browser: Client, product: Product) -> None:
    answer = browser.post(button(product), headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert f"/product/{product.internal_name}/download/file?token=" in answer.content.decode()


def test_the_fragment_asks_again_while_the_zip_is_built(
    browser: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "INLINE_BYTES", 5)
    monkeypatch.setattr(archives, "_PATIENCE_SECONDS", 0.0)
    plain = browser.post(button(product), follow=True)
    assert plain.redirect_chain == [(f"/product/{product.internal_name}", 302)]
    assert "The download is being prepared" in plain.content.decode()
    waiting = browser.post(button(product), headers={"hx-request": "true"}).content.decode()
    assert "hx-get" in waiting
    archives.build_archive(Archive.objects.get().pk)
    ready = browser.get(f"{button(product)}?kind=product", headers={"hx-request": "true"})
    assert "hx-get" not in ready.content.decode()
    assert "token=" in ready.content.decode()


def test_a_failed_download_shows_its_sentence(browser: Client, product: Product) -> None:
    browser.post(button(product), headers={"hx-request": "true"})
    Archive.objects.update(status=ArchiveStatus.FAILED, error_message="cat.csv is missing")
    shown = browser.get(button(product), headers={"hx-request": "true"}).content.decode()
    assert "cat.csv is missing" in shown


def test_strangers_are_sent_to_sign_in_and_others_find_nothing(
    bob: User, product: Product, closed_release: Any
) -> None:
    assert Client().post(button(product))["Location"].startswith("/login")
    Product.objects.update(release=closed_release)
    client = Client()
    client.force_login(bob)
    assert client.post(button(product)).status_code == 404
