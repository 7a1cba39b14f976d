"""Loading the demo content: through the services, once, whatever broke it off."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pzhub.accounts.models import User
from pzhub.accounts.policies import is_administrator
from pzhub.accounts.selectors import authenticate_token
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.services import create_product
from pzhub.demo import content
from pzhub.demo.generate import CONVENTIONS, generate_catalogs


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, product_types: object) -> None:
    """Make two catalogs instead of all: loading is the same."""
    two = [CONVENTIONS[2], CONVENTIONS[4]]
    monkeypatch.setattr(content, "generate_catalogs", lambda: generate_catalogs(tuple(two)))


def test_the_content_is_loaded_once(few: None, data_dir: Path) -> None:
    access = content.load_demo()
    again = content.load_demo()
    assert again == access
    assert "Demo token of ana: pz_" in access.sentence()
    path = data_dir / "demo.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    token = authenticate_token(access.token)
    assert token is not None
    assert token.user.username == "ana"
    for name, password in access.passwords.items():
        user = User.objects.get(username=name)
        assert user.check_password(password)
        assert is_administrator(user) is (name == "admin")
    shown = Product.objects.order_by("pk").values_list(
        "display_name", "status", "official_product", "user__username"
    )
    assert list(shown) == [
        ("JADES-like deep spectra", ProductStatus.PUBLISHED, True, "admin"),
        ("C3R2-like secure redshifts", ProductStatus.PUBLISHED, True, "admin"),
    ]
    aliases = dict(
        Product.objects.earliest("pk")
        .columns.exclude(alias=None)
        .values_list("column_name", "alias")
    )
    assert aliases == {
        "unique_id": "ID",
        "RA_TARG": "RA",
        "Dec_TARG": "Dec",
        "z_Spec": "z",
        "z_Spec_flag": "z_flag",
        "survey_name": "survey",
    }


def test_a_start_that_broke_off_is_taken_up(few: None, product_types: dict[str, object]) -> None:
    content._make_users()
    owner = User.objects.get(username="admin")
    draft = create_product(
        actor=owner,
        display_name="JADES-like deep spectra",
        product_type=product_types["redshift_catalog"],  # type: ignore[arg-type]
    )
    access = content.load_demo()
    draft.refresh_from_db()
    assert draft.status == ProductStatus.DELETED
    assert Product.objects.filter(status=ProductStatus.PUBLISHED).count() == 2
    assert owner.__class__.objects.get(pk=owner.pk).check_password(access.passwords["admin"])


def test_a_token_that_was_revoked_is_replaced(few: None) -> None:
    access = content.load_demo()
    User.objects.get(username="ana").tokens.all().delete()
    replaced = content.load_demo()
    assert replaced.token != access.token
    assert replaced.passwords == access.passwords
    assert authenticate_token(replaced.token) is not None
