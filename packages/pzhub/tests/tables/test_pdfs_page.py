"""Densities and pickles of products, as the pages show them after a real inspection."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import h5py
import numpy as np
import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductSummary
from pzhub.uploads.models import Inspection, TableProfile
from pzhub.uploads.services import ensure_inspection, make_profile, run_inspection, want_profile

N = 40
Maker = Callable[[bytes, str], Product]


def ensemble_bytes(name: bytes = b"interp") -> bytes:
    """Return an ensemble as qp writes it (that it does, pztables tests)."""
    grid = np.linspace(0, 3, 61)
    centres = np.linspace(0.4, 2, N)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["meta/pdf_name"], file["meta/pdf_version"] = np.array([name]), np.array([0])
        file["meta/xvals"] = grid[None, :]
        file["data/yvals"] = np.exp(-0.5 * ((grid - centres[:, None]) / 0.2) ** 2)
        file["ancil/zmode"], file["ancil/object_id"] = centres, np.arange(N) + 2**60
    return buffer.getvalue()


@pytest.fixture
def registered(ana: User, product_factory: Any, file_factory: Any) -> Maker:
    """Return a maker of published products whose main file was read."""

    def make(content: bytes, name: str) -> Product:
        product: Product = product_factory(ana, name="Densities", type_name="photoz_estimates")
        file_factory(product, content, name=name)
        run_inspection(ensure_inspection(product=product).pk)
        return Product.objects.get(pk=product.pk)

    return make


@pytest.fixture
def browser(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_an_ensemble_is_described_drawn_and_summarised(registered: Maker, browser: Client) -> None:
    product = registered(ensemble_bytes(), "pz.hdf5")

    page = browser.get(f"/product/{product.internal_name}")

    shown = text_of(page)
    assert "Probability densities" in shown
    assert "Representation interp Objects 40 Points of the grid 61 Redshifts 0 – 3" in shown
    assert "Point estimate used as redshift zmode" in shown
    assert page.content.count(b'class="z-line"') >= 2 + 3
    want_profile(product)
    make_profile(TableProfile.objects.get(product=product).pk)
    summary = ProductSummary.objects.get(product=product)
    assert (summary.n_rows, summary.z_min, summary.z_max) == (N, 0.4, 2.0)


def test_any_object_is_drawn_by_its_number(registered: Maker, browser: Client) -> None:
    product = registered(ensemble_bytes(), "pz.hdf5")
    address = f"/product/{product.internal_name}/pdfs"

    shown = text_of(browser.get(address, {"row": "20"}))

    mode = np.linspace(0, 3, 61)[
        np.argmin(np.abs(np.linspace(0, 3, 61) - np.linspace(0.4, 2, N)[20]))
    ]
    assert re.search(rf"Object 20 Mode {mode:g} · Median 1\.2\d* · Mean 1\.2\d*", shown)
    for given, says in (
        ("40", "There is no object 40: give a number from 0 to 39."),
        ("-1", "Give a whole number from 0 to 39."),
        ("9" * 30, "Give a whole number from 0 to 39."),
        ("two", "Give a whole number from 0 to 39."),
    ):
        answer = browser.get(address, {"row": given})
        assert (answer.status_code, says in text_of(answer)) == (400, True)


def test_an_ensemble_that_is_not_read_says_why(registered: Maker, browser: Client) -> None:
    product = registered(ensemble_bytes(b"spline"), "pz.hdf5")
    for address in ("", "/pdfs"):
        shown = text_of(browser.get(f"/product/{product.internal_name}{address}"))
        assert "its densities are represented as 'spline', which is not read here" in shown


def test_a_file_that_is_no_ensemble_or_not_read_yet_says_so(
    registered: Maker, browser: Client
) -> None:
    product = registered(b"ra,dec\n1,2\n", "cat.csv")
    address = f"/product/{product.internal_name}/pdfs"
    answer = browser.get(address)
    assert (answer.status_code, "is no ensemble of probability" in text_of(answer)) == (404, True)
    assert b'href="#pdfs"' not in browser.get(f"/product/{product.internal_name}").content

    Inspection.objects.filter(product=product).update(state="waiting")
    answer = browser.get(address)
    assert (answer.status_code, "cat.csv is being read" in text_of(answer)) == (409, True)


def test_a_pickle_is_shown_with_its_imports_and_a_warning(
    registered: Maker, browser: Client
) -> None:
    content = (
        b"\x80\x04csklearn.neighbors._knn\nKNN\n0clab.nets\nNet\n0cos\nsystem\n\x8c\x02id\x85R."
    )
    product = registered(content, "model.pkl")

    shown = text_of(browser.get(f"/product/{product.internal_name}"))

    assert "Python pickle, protocol 4 It is a program, and it is never loaded here" in shown
    assert "Loading it calls what it imports." in shown
    assert "these imports can do more than hold data. os.system" in shown
    assert "Would import from known libraries sklearn.neighbors._knn.KNN" in shown
    assert "Would import from elsewhere lab.nets.Net" in shown


def test_a_cut_off_pickle_says_that_there_may_be_more(registered: Maker, browser: Client) -> None:
    product = registered(b"\x80\x04cnumpy\nndarray\n\x8c\xffcut", "model.pkl")
    shown = text_of(browser.get(f"/product/{product.internal_name}"))
    assert "It is damaged or cut off: there may be more names." in shown
    assert "Do not load this file" not in shown


def test_the_api_tells_the_same(registered: Maker, api: Any, bob: User) -> None:
    product = registered(ensemble_bytes(), "pz.hdf5")
    address = f"/api/products/{product.pk}/contents/"

    answer = api(bob).get(address, {"row": 20}).json()

    assert (answer["state"], answer["is_table"]) == ("done", True)
    assert answer["described"] == {
        "kind": "qp", "representation": "interp", "constructor": "", "n_objects": N,
        "n_values": 61, "ancil": ["zmode", "object_id"], "estimates": ["zmode"],
        "redshift": "zmode", "range": [0.0, 3.0],
    }  # fmt: skip
    density = answer["density"]
    assert (density["row"], len(density["x"]), len(density["p"])) == (20, 61, 61)
    assert np.trapezoid(density["p"], density["x"]) == pytest.approx(1)
    assert density["median"] == pytest.approx(np.linspace(0.4, 2, N)[20], abs=1e-3)
    refused = api(bob).get(address, {"row": N})
    assert (refused.status_code, refused.json()["code"]) == (400, "no_such_object")
