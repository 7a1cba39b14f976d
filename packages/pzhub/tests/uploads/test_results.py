"""Results of runs: moved in, inspected, associated, published; again is fine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductFile, ProductStatus
from pzhub.core import chores, storage
from pzhub.core.models import AuditEntry
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.selectors import main_file_info
from pzhub.uploads.services import profiles, register_result, results
from pztables.errors import UserError

ASSOCIATION = {"id": "objectId", "ra": "RA_deg", "dec": "DEC_deg", "z": "zspec", "note": "origin"}


@pytest.fixture
def workdir(tmp_path: Path, make: SimpleNamespace) -> Path:
    (tmp_path / "crd.parquet").write_bytes(make.parquet())
    (tmp_path / "rules.yaml").write_text("surveys: []\n")
    return tmp_path


@pytest.fixture
def product(ana: User, product_factory: Any) -> Product:
    product: Product = product_factory(
        ana, name="Combined", type_name="redshift_catalog", status=ProductStatus.PROCESSING
    )
    return product


def register(ana: User, product: Product, workdir: Path) -> Product:
    return register_result(
        product=product,
        main_path=workdir / "crd.parquet",
        columns_assoc=ASSOCIATION,
        auxiliaries=[workdir / "rules.yaml"],
        actor=ana,
    )


def test_a_result_is_published_with_its_columns_and_files(
    ana: User, product: Product, workdir: Path
) -> None:
    published = register(ana, product, workdir)
    assert published.status == ProductStatus.PUBLISHED
    main, auxiliary = published.files.all()
    assert (main.name, main.role, main.n_rows, main.extension) == ("crd.parquet", 0, 12, ".parquet")
    assert (auxiliary.name, auxiliary.role) == ("rules.yaml", 2)
    content = (workdir / "crd.parquet").read_bytes()
    assert storage.data_path(main.path).read_bytes() == content
    rows = published.columns.order_by("order").values_list("column_name", "alias", "ucd")
    assert list(rows) == [
        ("objectId", "ID", "meta.id;meta.main"),
        ("RA_deg", "RA", "pos.eq.ra;meta.main"),
        ("DEC_deg", "Dec", "pos.eq.dec;meta.main"),
        ("zspec", "z", "src.redshift"),
        ("zerr", None, None),
        ("origin", "note", ""),
    ]
    inspection = Inspection.objects.get()
    assert (inspection.state, inspection.sha256) == (InspectionState.DONE, main.sha256)
    assert len(inspection.first_rows) == 10
    assert storage.data_path(inspection.canonical_path).is_file()
    assert main_file_info(published)["n_rows"] == 12
    assert chores.queued_arguments(profiles.PROFILE_CHORE) == {product.table_profile.pk}
    assert AuditEntry.objects.filter(action="result-registered", actor=ana).count() == 1
    assert list(storage.staging_dir().iterdir()) == []


def test_a_result_that_was_registered_is_not_registered_again(
    ana: User, product: Product, workdir: Path
) -> None:
    register(ana, product, workdir)
    register(ana, product, workdir)
    assert ProductFile.objects.count() == 2


def test_a_crash_before_the_commit_can_be_repeated(
    ana: User, product: Product, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = results.publish_product

    def killed(**_: Any) -> Product:
        raise RuntimeError("killed")

    monkeypatch.setattr(results, "publish_product", killed)
    with pytest.raises(RuntimeError):
        register(ana, product, workdir)
    product.refresh_from_db()
    assert (product.status, product.files.count()) == (ProductStatus.PROCESSING, 0)
    monkeypatch.setattr(results, "publish_product", publish)
    assert register(ana, product, workdir).status == ProductStatus.PUBLISHED


def test_a_result_that_is_no_table_is_refused(ana: User, product: Product, workdir: Path) -> None:
    (workdir / "crd.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UserError, match=r"crd\.parquet"):
        register(ana, product, workdir)
    product.refresh_from_db()
    assert (product.status, product.files.count()) == (ProductStatus.PROCESSING, 0)


def test_only_a_product_that_is_processing_takes_a_result(
    ana: User, product: Product, workdir: Path
) -> None:
    Product.objects.update(status=ProductStatus.FAILED)
    with pytest.raises(results.NotProcessingError, match="is failed"):
        register(ana, product, workdir)


def test_a_hats_result_is_taken_in_as_a_directory(
    ana: User, product: Product, tmp_path: Path, make: SimpleNamespace
) -> None:
    for name, content in make.hats().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    published = register_result(
        product=product,
        main_path=tmp_path / "mini_hats",
        columns_assoc=ASSOCIATION,
        auxiliaries=[],
        actor=ana,
    )
    main = published.files.get()
    assert (main.name, main.is_directory, main.extension, main.n_rows) == (
        "mini_hats",
        True,
        "",
        12,
    )
    assert (storage.data_path(main.path) / "hats.properties").is_file()
