"""Fixtures of the server's tests: people, releases, products, API clients.

Everything is made by the services that users reach, except states that take a long way
(a published product without going through a file).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from pzhub.accounts.models import TokenScope, User
from pzhub.accounts.services import create_token, create_user
from pzhub.catalog.models import (
    Column,
    FileRole,
    Product,
    ProductFile,
    ProductStatus,
    ProductType,
    Release,
)
from pzhub.catalog.services import create_product
from pzhub.core import storage
from pzhub.web.announced import KEY as ANNOUNCED
from pztables import isolation
from pztables.product_types import PRODUCT_TYPES
from readings import Readings

PASSWORD = "correct horse battery"
#: Of the member `carla`, and of the release that `closed_release` makes.
TEAM = "dp1-team"


class ProductFactory(Protocol):
    """Makes a product of a user in a given state."""

    def __call__(
        self,
        user: User,
        *,
        name: str = "My set",
        type_name: str = "other",
        status: int = ProductStatus.PUBLISHED,
        release: Release | None = None,
        **fields: Any,
    ) -> Product: ...


class FileFactory(Protocol):
    """Gives a product a file with these bytes."""

    def __call__(
        self,
        product: Product,
        content: bytes = b"ra,dec,z\n1.0,2.0,0.5\n",
        *,
        name: str = "cat.csv",
        role: int = FileRole.MAIN,
    ) -> ProductFile: ...


ClientFactory = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    """Give each test a data folder of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    settings.DATA_DIR = folder
    settings.FILE_UPLOAD_TEMP_DIR = storage.staging_dir()
    return folder


@pytest.fixture(autouse=True)
def nothing_announced() -> None:
    """Begin with no announcement in memory, so that any order of tests asks the same queries."""
    cache.set(ANNOUNCED, [], None)


@pytest.fixture(scope="session")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    """Return what remembers the files that were read in this process."""
    return Readings(isolation.inspect_isolated, tmp_path_factory.mktemp("readings"))


@pytest.fixture(autouse=True)
def equal_files_are_read_once(
    request: pytest.FixtureRequest, readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Save the programs that would read the same again; with the thorough tests, all are read."""
    if "not thorough" in str(request.config.getoption("markexpr")):
        monkeypatch.setattr(isolation, "inspect_isolated", readings)


@pytest.fixture
def product_types(db: None) -> dict[str, ProductType]:
    """Return the seven product types by name, put back where a flush took them."""
    for item in PRODUCT_TYPES:
        ProductType.objects.get_or_create(
            id=item.id,
            defaults={
                "name": item.name,
                "display_name": item.display_name,
                "order": item.order,
                "description": item.description,
            },
        )
    return {row.name: row for row in ProductType.objects.all()}


@pytest.fixture
def ana(db: None) -> User:
    """Return a member."""
    return create_user(username="ana", password=PASSWORD, email="ana.lima@example.org")


@pytest.fixture
def bob(db: None) -> User:
    """Return another member."""
    return create_user(username="bob", password=PASSWORD)


@pytest.fixture
def carla(db: None) -> User:
    """Return a member of the access group `TEAM`."""
    return create_user(username="carla", password=PASSWORD, groups=[TEAM])


@pytest.fixture
def admin(db: None) -> User:
    """Return an administrator."""
    return create_user(username="root", password=PASSWORD, is_admin=True)


@pytest.fixture
def open_release(db: None) -> Release:
    """Return a release that everybody signed in may use."""
    return Release.objects.create(name="dp02", display_name="DP0.2", is_public=True)


@pytest.fixture
def closed_release(db: None) -> Release:
    """Return a release of the group `TEAM` only."""
    release = Release.objects.create(name="dp1", display_name="LSST DP1")
    release.access_groups.add(Group.objects.get_or_create(name=TEAM)[0])
    return release


@pytest.fixture
def token_for() -> Callable[..., str]:
    """Return a maker of tokens: ``token_for(user, scope=…, expires_at=…)``."""
    made: list[str] = []

    def make(
        user: User, scope: TokenScope = TokenScope.RUN, expires_at: datetime | None = None
    ) -> str:
        name = f"token {len(made)}"
        _, clear = create_token(user=user, name=name, scope=scope, expires_at=expires_at)
        made.append(clear)
        return clear

    return make


@pytest.fixture
def api(token_for: Callable[..., str]) -> ClientFactory:
    """Return a maker of API clients: ``api(user)``, ``api(user, scope)``, ``api()`` for nobody."""

    def make(user: User | None = None, scope: TokenScope = TokenScope.RUN) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Token {token_for(user, scope)}")
        return client

    return make


@pytest.fixture
def product_factory(product_types: dict[str, ProductType]) -> ProductFactory:
    """Return a maker of products."""

    def make(
        user: User,
        *,
        name: str = "My set",
        type_name: str = "other",
        status: int = ProductStatus.PUBLISHED,
        release: Release | None = None,
        **fields: Any,
    ) -> Product:
        product = create_product(
            actor=user, display_name=name, product_type=product_types[type_name]
        )
        now = timezone.now()
        fields |= {"status": status, "release": release}
        if status in (ProductStatus.PUBLISHED, ProductStatus.DELETED):
            fields.setdefault("published_at", now)
        if status == ProductStatus.DELETED:
            fields.setdefault("deleted_at", now)
        Product.objects.filter(pk=product.pk).update(**fields)
        return Product.objects.get(pk=product.pk)

    return make


@pytest.fixture
def file_factory() -> FileFactory:
    """Return a maker of files on disk with their rows."""

    def make(
        product: Product,
        content: bytes = b"ra,dec,z\n1.0,2.0,0.5\n",
        *,
        name: str = "cat.csv",
        role: int = FileRole.MAIN,
    ) -> ProductFile:
        path = storage.product_dir(product) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return ProductFile.objects.create(
            product=product,
            role=role,
            name=name,
            path=storage.relative_path(path),
            extension=path.suffix.lower(),
            size=len(content),
        )

    return make


@pytest.fixture
def column_factory() -> Callable[..., list[Column]]:
    """Return a maker of columns: ``column_factory(product, RA="RA", note=None)``."""

    def make(product: Product, **aliases: str | None) -> list[Column]:
        return [
            Column.objects.create(product=product, column_name=name, order=order, alias=alias)
            for order, (name, alias) in enumerate(aliases.items())
        ]

    return make


@pytest.fixture
def ana_site(ana: User) -> Client:
    """Return ana's browser, signed in."""
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def bob_site(bob: User) -> Client:
    """Return bob's browser, signed in."""
    client = Client()
    client.force_login(bob)
    return client
