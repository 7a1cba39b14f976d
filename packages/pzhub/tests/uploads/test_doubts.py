"""Doubts about the columns of a draft: shown with rows, mended, or said to be right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product
from pzhub.catalog.services import publish_product
from pzhub.core import storage
from pzhub.uploads.models import Inspection
from pzhub.uploads.services import (
    dismiss_doubt,
    doubts_about,
    mend_doubt,
    register_now,
    remove_file,
)
from pzhub.uploads.services.sanity import NoDoubtError, NotCorrectableError
from pztables.corrections import write_corrected

pytestmark = pytest.mark.django_db
N = 40
RA, DEC = np.linspace(0.0, 350.0, N), np.linspace(-60.0, 5.0, N)
Z = np.linspace(0.01, 1.5, N)
Maker = Callable[..., Product]


@pytest.fixture
def draft_of(uploader: Any, make: Any, ana: User) -> Maker:
    """Return a maker of ana's drafts whose table was read and whose suggestions are accepted."""

    def build(**columns: Any) -> Product:
        one = uploader()
        table = pa.table({"RA_deg": RA, "DEC_deg": DEC, "zspec": Z, **columns})
        assert one.send("deep.parquet", make.parquet(table)).status_code == 201
        assert one.register().status_code == 200
        one.associate()
        product: Product = one.product
        return product

    return build


def codes(product: Product) -> list[str]:
    return [doubt.code for doubt in doubts_about(product)]


def main_values(product: Product, column: str) -> list[Any]:
    path = Inspection.objects.get(product=product).canonical_path
    values: list[Any] = pq.read_table(storage.data_path(path))[column].to_pylist()
    return values


def test_sound_columns_raise_no_doubt(draft_of: Maker) -> None:
    assert doubts_about(draft_of()) == []


def test_hours_become_degrees_and_the_given_file_stays_beside(draft_of: Maker, ana: User) -> None:
    product = draft_of(RA_deg=RA / 15)
    assert codes(product) == ["right_ascension_in_hours"]
    mend_doubt(actor=ana, product=product, code="right_ascension_in_hours", column="RA_deg")
    register_now(actor=ana, product=product)
    assert codes(product) == []
    assert main_values(product, "RA_deg") == pytest.approx(RA.tolist())
    files = product.files.order_by("role").values_list("role", "name")
    assert list(files) == [
        (FileRole.MAIN, "deep_corrected.parquet"),
        (FileRole.AUXILIARY, "deep.parquet"),
    ]
    meanings = dict(product.columns.values_list("column_name", "alias"))
    assert meanings == {"RA_deg": "RA", "DEC_deg": "Dec", "zspec": "z"}
    assert product.columns.get(column_name="RA_deg").unit == "deg"


def test_two_corrections_leave_one_corrected_file(draft_of: Maker, ana: User) -> None:
    product = draft_of(RA_deg=RA / 15, zspec=np.where(np.arange(N) == 2, -99.0, Z))
    assert codes(product) == ["right_ascension_in_hours", "sentinel_values"]
    for code, column in (("sentinel_values", "zspec"), ("right_ascension_in_hours", "RA_deg")):
        mend_doubt(actor=ana, product=product, code=code, column=column)
        register_now(actor=ana, product=product)
    assert codes(product) == []
    assert main_values(product, "zspec")[2] is None
    names = list(product.files.order_by("role").values_list("name", flat=True))
    assert names == ["deep_corrected.parquet", "deep.parquet"]


def test_a_given_file_stays_whatever_it_is_called(uploader: Any, make: Any, ana: User) -> None:
    one = uploader()
    table = pa.table({"RA_deg": RA / 15, "DEC_deg": DEC, "zspec": Z})
    one.send("deep_corrected.parquet", make.parquet(table))
    given = one.product.files.get().sha256
    one.register()
    one.associate()
    mend_doubt(actor=ana, product=one.product, code="right_ascension_in_hours", column="RA_deg")
    assert one.product.files.get(role=FileRole.AUXILIARY).sha256 == given


def test_a_main_file_that_another_window_replaced_is_not_corrected(
    uploader: Any, make: Any, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = uploader()
    product = one.product
    given = pa.table({"RA_deg": RA / 15, "DEC_deg": DEC, "zspec": Z})
    one.send("deep.parquet", make.parquet(given))
    one.register()
    one.associate()
    newer = make.parquet(given.slice(0, 30))

    def replaced_meanwhile(*args: Any) -> int:
        remove_file(actor=ana, file=product.files.get(role=FileRole.MAIN))
        assert one.send("newer.parquet", newer).status_code == 201
        return write_corrected(*args)

    monkeypatch.setattr("pztables.corrections.write_corrected", replaced_meanwhile)
    with pytest.raises(NotCorrectableError, match="replaced meanwhile"):
        mend_doubt(actor=ana, product=product, code="right_ascension_in_hours", column="RA_deg")
    assert list(product.files.values_list("name", flat=True)) == ["newer.parquet"]
    assert not any(storage.staging_dir().iterdir())


def test_swapped_columns_swap_their_meanings_only(draft_of: Maker, ana: User) -> None:
    product = draft_of(RA_deg=DEC, DEC_deg=RA)
    assert codes(product) == ["swapped_position"]
    mend_doubt(actor=ana, product=product, code="swapped_position", column="DEC_deg")
    assert codes(product) == []
    assert product.files.get().name == "deep.parquet"
    assert product.columns.get(column_name="DEC_deg").alias == "RA"


def test_text_with_sexagesimal_angles_is_doubted_before_anything_is_associated(
    uploader: Any, make: Any, ana: User
) -> None:
    one = uploader()
    table = pa.table({"RA": ["12:30:00"] * 3, "DEC": ["-05:30:00"] * 3, "z": [0.1, 0.2, 0.3]})
    one.send("text.parquet", make.parquet(table))
    one.register()
    assert codes(one.product) == ["sexagesimal_position", "sexagesimal_position"]
    mend_doubt(actor=ana, product=one.product, code="sexagesimal_position", column="RA")
    register_now(actor=ana, product=one.product)
    assert main_values(one.product, "RA") == [187.5] * 3


def test_a_doubt_that_is_dismissed_comes_back_with_another_file_only(
    draft_of: Maker, ana: User, bob: User
) -> None:
    product = draft_of(zspec=Z * 100)
    dismiss_doubt(actor=ana, product=product, code="redshift_in_percent", column="zspec")
    assert codes(product) == []
    with pytest.raises(NoDoubtError):
        dismiss_doubt(actor=ana, product=product, code="redshift_in_percent", column="zspec")


def test_a_published_product_keeps_its_main_file(draft_of: Maker, ana: User) -> None:
    product = draft_of(zspec=Z * 100)
    publish_product(actor=ana, product=product)
    product.refresh_from_db()
    with pytest.raises(NotCorrectableError, match="publish a corrected one"):
        mend_doubt(actor=ana, product=product, code="redshift_in_percent", column="zspec")


def test_the_wizard_shows_doubts_with_rows_and_buttons(
    draft_of: Maker, ana_site: Client, bob_site: Client
) -> None:
    product = draft_of(zspec=np.where(np.arange(N) == 2, -99.0, Z))
    page = ana_site.get(f"/upload/{product.pk}/columns").content.decode()
    assert "zspec: -99 seems to mean “no value”" in page
    assert "1 of 40 rows have it." in page
    assert "Make it empty" in page
    assert "seems to mean" in ana_site.get(f"/upload/{product.pk}/confirm").content.decode()
    sent = {"do": "dismiss", "code": "sentinel_values", "column": "zspec"}
    assert bob_site.post(f"/upload/{product.pk}/doubts", sent).status_code == 404
    assert ana_site.post(f"/upload/{product.pk}/doubts", sent).status_code == 302
    assert "seems to mean" not in ana_site.get(f"/upload/{product.pk}/columns").content.decode()
    again = ana_site.post(f"/upload/{product.pk}/doubts", sent, follow=True).content.decode()
    assert "gives no reason for this any more" in again
    assert ana_site.post(f"/upload/{product.pk}/confirm").status_code == 302  # never blocks
