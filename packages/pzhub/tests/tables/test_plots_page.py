"""The page of plots: what is drawn is what the profile counts, and works without script."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from django.test import Client
from mocpy import MOC
from pytest_django import DjangoAssertNumQueries

from pzhub.catalog.models import Product
from pzhub.core import storage
from pzhub.uploads.models import Inspection, TableProfile
from pzhub.uploads.services import make_profile, profiles

from .conftest import TABLE

N_ROWS = 3_000
ROLES = {"ra": "RA", "dec": "Dec", "z": "z", "z_err": "z_err", "z_flag": "z_flag"} | {
    "survey": "survey"
}


def training_set() -> pa.Table:
    """Return rows in two fields, one of them around RA 0, with everything that is plotted."""
    rng = np.random.default_rng(11)
    far = np.arange(N_ROWS) % 3 == 0
    z = rng.lognormal(-0.5, 0.4, N_ROWS)
    z[:20] = -99
    i = 22 + z.clip(0) + rng.normal(0, 0.5, N_ROWS)
    return pa.table(
        {
            "ra": (np.where(far, 53.1, 0.0) + rng.normal(0, 0.3, N_ROWS)) % 360,
            "dec": np.where(far, -28.1, 1.0) + rng.normal(0, 0.3, N_ROWS),
            "z": z,
            "z_err": 10 ** rng.normal(-3, 0.3, N_ROWS),
            "z_flag": rng.choice([4, 3, 2], N_ROWS),
            "survey": rng.choice(["DESI", "VVDS", "A&B"], N_ROWS),
            "mag_g": (i + 1).astype("f4"),
            "mag_i": i.astype("f4"),
            "empty": pa.nulls(N_ROWS, pa.float64()),
            "flag, quality": rng.integers(0, 9, N_ROWS),
        }
    )


class Plots:
    """The plots of one product, as somebody sees them who may."""

    def __init__(self, client: Client, product: Product) -> None:
        self.client, self.product = client, product
        self.base = f"/product/{product.internal_name}"

    def __call__(self, path: str = "/plots", /, **given: Any) -> Any:
        headers = given.pop("headers", None)
        return self.client.get(f"{self.base}{path}", given, headers=headers)

    def text(self, **given: Any) -> str:
        """Return the page."""
        return str(self(**given).content.decode())

    def numbers(self, name: str, **given: Any) -> list[list[str]]:
        """Return the CSV of a plot."""
        answer = self(f"/plots/{name}.csv", **given)
        assert answer.status_code == 200, answer.content
        return list(csv.reader(io.StringIO(answer.content.decode())))

    @property
    def profile(self) -> dict[str, Any]:
        """The stored profile."""
        path = Inspection.objects.get(product=self.product).profile_path
        stored: dict[str, Any] = json.loads(storage.data_path(path).read_text())
        return stored


def described(product: Product) -> Product:
    """Return a product whose profile is made."""
    profiles.want_profile(product)
    make_profile(TableProfile.objects.get(product=product).pk)
    return product


@pytest.fixture
def plots(table_product: Callable[..., Product], client: Client, bob: Any) -> Plots:
    """Return the plots of a training set."""
    client.force_login(bob)
    return Plots(client, described(table_product(training_set(), ROLES)))


def test_the_page_draws_everything_that_the_profile_has(
    plots: Plots, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    plots()
    with django_assert_num_queries(7):
        answer = plots()

    text = answer.content.decode()
    assert answer.status_code == 200
    panels = re.findall(r'<section class="panel" id="([\w-]+)"', text)
    assert panels[:3] == ["nz", "sky", "cone"]
    assert {"z_err", "z_flag", "magnitude-g", "magnitude-i", "density-0", "column"} <= set(panels)
    for svg in re.findall(r"<svg viewBox.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(svg)
    assert "style=" not in text  # the policy forbids it


def test_the_product_page_shows_redshifts_and_sky_at_once(plots: Plots) -> None:
    text = plots("").content.decode()

    assert re.findall(r'<section class="panel" id="([\w-]+)"', text)[:2] == ["nz", "sky"]
    assert 'href="#plots"' in text
    assert 'href="#sky"' in text
    assert f'href="{plots.base}/plots"' in text


def test_numbers_of_redshifts_are_those_of_the_profile(plots: Plots) -> None:
    stored = plots.profile["redshift"]
    bins = str(len(stored["counts"]))

    head, *rows = plots.numbers("nz", bins=bins)
    cumulative = plots.numbers("nz", bins=bins, cumulative="on")[1:]
    fewer = plots.numbers("nz", bins="10")[1:]

    assert head == ["from", "to", "rows"]
    assert [int(row[2]) for row in rows] == stored["counts"]
    np.testing.assert_allclose([float(row[0]) for row in rows], stored["edges"][:-1])
    assert [int(row[2]) for row in cumulative] == stored["cumulative"]
    assert len(fewer) <= 10
    assert sum(int(row[2]) for row in fewer) == sum(stored["counts"])


def test_parts_are_drawn_under_one_another(plots: Plots) -> None:
    head, *rows = plots.numbers("nz", split="survey", bins="10")

    whole = plots.numbers("nz", bins="10")[1:]
    assert sorted(head[2:]) == ["A&B", "DESI", "VVDS"]
    assert [sum(map(int, row[2:])) for row in rows] == [int(row[2]) for row in whole]
    assert "A&amp;B" in plots.text(split="survey")


def test_a_bin_leads_to_its_rows_and_what_is_not_drawn_is_told(plots: Plots) -> None:
    text = plots.text(bins="10")
    rows = plots.numbers("nz", bins="10")[1:]

    nz = text.split('id="nz"')[1].split("</section>")[0]
    links = [unescape(link) for link in re.findall(r'<td class="num"><a href="([^"]+)"', nz)]
    where = parse_qs(urlsplit(links[2]).query)["where"][0]
    count = plots("/data/count", where=where, headers={"HX-Request": "true"})

    assert len(links) == len(rows)
    assert f"{int(rows[2][2]):,}" in count.content.decode()
    below = plots.profile["redshift"]["below"]
    assert below >= 20
    assert f"{below:,} values lie below" in text


def test_only_the_part_that_htmx_asked_for_is_drawn(plots: Plots) -> None:
    headers = {"HX-Request": "true", "HX-Target": "nz"}

    here = plots(scale="log", headers=headers | {"HX-Current-URL": f"http://x{plots.base}/plots"})
    there = plots(scale="log", headers=headers | {"HX-Current-URL": f"http://x{plots.base}"})

    text = here.content.decode()
    assert re.findall(r'<section class="panel" id="(\w+)"', text) == ["nz"]
    assert "<html" not in text
    assert here.headers["HX-Push-Url"].endswith("/plots?scale=log")
    assert "HX-Push-Url" not in there.headers
    assert "All plots" in there.content.decode()


def test_what_cannot_be_drawn_is_refused_and_kept(plots: Plots) -> None:
    for given, kept in (
        ({"scale": "cubic"}, "cubic"),
        ({"bins": "-3"}, "-3"),
        ({"projection": "mercator"}, "mercator"),
        ({"field": "99"}, "99"),
        ({"x": "no_such"}, "no_such"),
        ({"x": "z", "n": "many"}, 'value="many"'),
        ({"x": "z", "n": "100000"}, 'value="100000"'),
        ({"x": "z", "where": "z >"}, 'value="z &gt;"'),
        ({"x": "z", "where": "zz > 1"}, "zz &gt; 1"),
    ):
        answer = plots(**given)
        text = answer.content.decode()

        assert (answer.status_code, "field-error" in text) == (400, True), given
        assert kept in text


def test_a_refused_plot_is_no_file(plots: Plots) -> None:
    assert plots("/plots/nz.csv", bins="-3").status_code == 400
    assert plots("/plots/sky.svg", projection="mercator").status_code == 400
    assert plots("/plots/column.svg", x="z", where="z >").status_code == 400
    assert plots("/plots/column.svg").status_code == 404
    assert plots("/plots/density-99.svg").status_code == 404
    assert plots("/plots/nz.png").status_code == 404
    assert plots("/moc.pdf").status_code == 404


def test_the_sky_names_its_fields_and_zooms_to_them(plots: Plots) -> None:
    whole = plots.numbers("sky", field="all")[1:]
    field = plots.numbers("sky", field="0")[1:]
    other = plots.numbers("sky", field="1")[1:]

    assert sum(int(row[4]) for row in whole) == N_ROWS
    assert sum(int(row[4]) for row in field) == N_ROWS * 2 // 3
    assert int(field[0][0]) > int(whole[0][0])  # finer cells
    assert max(abs(float(row[2]) - 53.1) for row in other) < 2.5
    assert max(abs(float(row[3]) + 28.1) for row in other) < 2.5
    assert 'data-projection="field"' in plots.text(field="0")
    assert 'data-projection="aitoff"' in plots.text(projection="aitoff", field="all")


def test_layers_are_what_was_chosen(plots: Plots) -> None:
    assert 'class="over"' in plots.text()
    assert 'class="over"' not in plots.text(layers="none")
    assert 'class="rubin"' in plots.text(layers=["none", "rubin"])


def test_the_coverage_is_sent_in_all_its_forms(plots: Plots, tmp_path: Path) -> None:
    text = plots("/moc.txt").content.decode()
    moc = MOC.from_string(text, "ascii")
    path = tmp_path / "moc.fits"
    path.write_bytes(plots("/moc.fits").content)

    assert fits.getheader(path, 1)["ORDERING"] in ("NUNIQ", "RANGE")
    assert MOC.load(path, "fits") == moc
    assert MOC.from_string(plots("/moc.json").content.decode(), "json") == moc
    assert plots.profile["sky"]["moc"] == text


def test_drawings_are_files_that_need_nothing_else(plots: Plots) -> None:
    for name in ("nz", "sky", "z_flag", "magnitude-i", "density-0"):
        answer = plots(f"/plots/{name}.svg")
        root = ElementTree.fromstring(answer.content)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_densities_hold_every_row_that_lies_within_the_axes(plots: Plots) -> None:
    stored = plots.profile["densities"][0]

    rows = plots.numbers("density-0")[1:]

    assert sum(int(row[4]) for row in rows) == stored["n"] - stored["outside"]
    page = plots("/plots/density-0/table").content.decode()
    assert page.count("<tr>") == len(rows) + 1
    assert "/data?where=" in page


def test_a_column_is_drawn_from_the_profile_and_a_filtered_one_from_the_table(
    plots: Plots,
) -> None:
    whole = plots.numbers("column", x="mag_i")[1:]
    some = plots.numbers("column", x="mag_i", where="z_flag == 4")[1:]
    flags = {row[0]: row[1] for row in plots.numbers("z_flag")[1:]}

    stored = next(one for one in plots.profile["columns"] if one["name"] == "mag_i")
    assert [int(row[2]) for row in whole] == stored["histogram"]["counts"]
    assert sum(int(row[2]) for row in some) == int(flags["4"])


def test_a_pair_is_drawn_with_the_numbers_of_the_table(plots: Plots) -> None:
    rows = plots.numbers("column", x="mag_g", y="flag, quality", n="9")[1:]

    table = training_set()
    wanted, _, _ = np.histogram2d(table["mag_g"], table["flag, quality"], bins=9)
    found = [int(row[4]) for row in rows]
    assert sum(found) == N_ROWS
    assert sorted(found) == sorted(int(n) for n in wanted.ravel() if n)
    page = unescape(plots.text(x="mag_g", y="flag, quality"))
    assert '"y": "col(\\"flag, quality\\")"' in page
    assert "flag, quality against mag_g" in page


def test_words_are_bars_and_an_empty_column_is_told(plots: Plots) -> None:
    words = plots.numbers("column", x="survey")[1:]

    assert {row[0] for row in words} == {"DESI", "VVDS", "A&B"}
    assert sum(int(row[1]) for row in words) == N_ROWS
    assert "Column empty has no values to draw." in plots.text(x="empty")


def test_a_circle_by_its_numbers_leads_to_its_rows(plots: Plots) -> None:
    answer = plots("/plots/rows", ra="53.1", dec="-28.1", radius="0.5")
    wrong = plots("/plots/rows", ra="53.1", dec="-98", radius="")

    where = parse_qs(urlsplit(answer.headers["Location"]).query)["where"]
    assert where == ["cone(53.1, -28.1, 0.5)"]
    assert wrong.status_code == 400
    assert 'value="-98"' in wrong.content.decode()
    assert re.findall(r'id="(cone-\w+)-error"', wrong.content.decode()) == [
        "cone-dec",
        "cone-radius",
    ]


def test_a_table_whose_profile_is_not_made_yet_asks_again(
    table_product: Callable[..., Product], client: Client, bob: Any
) -> None:
    client.force_login(bob)
    product = table_product(TABLE)
    profiles.want_profile(product)
    plots = Plots(client, product)

    waiting = plots.text()
    product_page = plots("").content.decode()
    TableProfile.objects.filter(product=product).update(state="failed", error={"message": "no"})
    failed = plots.text()
    TableProfile.objects.filter(product=product).update(state="waiting")
    make_profile(TableProfile.objects.get(product=product).pk)
    headers = {"HX-Request": "true", "HX-Target": "plots"}
    there = plots(headers=headers | {"HX-Current-URL": f"http://x{plots.base}/plots"})

    assert "The plots are being computed" in waiting
    assert "The plots are being computed" in product_page
    assert f'hx-get="{plots.base}/plots" hx-trigger="every 4s"' in waiting
    assert "could not be computed" in failed
    assert there.headers["HX-Refresh"] == "true"
    assert 'id="nz"' in there.content.decode()


def test_a_table_without_redshifts_and_positions_says_so(
    table_product: Callable[..., Product], client: Client, ana: Any
) -> None:
    client.force_login(ana)
    plots = Plots(client, described(table_product(pa.table({"a": [1.0, 2.0]}), {})))

    text = plots.text()

    assert "There are no redshifts and no positions to plot" in text
    assert "Associate the columns" in text
    assert plots("/moc.fits").status_code == 404
    assert plots("/plots/nz.svg").status_code == 404


@pytest.mark.parametrize("value", [0.5, None])
def test_redshifts_that_are_all_equal_or_missing_are_told(
    table_product: Callable[..., Product], client: Client, bob: Any, value: float | None
) -> None:
    client.force_login(bob)
    table = pa.table({"ra": [10.0] * 40, "dec": [0.0] * 40, "z": pa.array([value] * 40, "f8")})
    plots = Plots(client, described(table_product(table, {"ra": "RA", "dec": "Dec", "z": "z"})))

    text = plots.text()

    assert ("All redshifts are 0.5." in text) == (value is not None)
    assert ('id="nz"' in text) == (value is not None)
    assert "All rows have the same position." in text
