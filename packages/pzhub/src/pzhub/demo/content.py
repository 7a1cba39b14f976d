"""Load the demo content through the services that users reach."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pzhub.accounts.models import User
from pzhub.accounts.selectors import authenticate_token
from pzhub.accounts.services import create_user, replace_token
from pzhub.catalog.models import FileRole, Product, ProductStatus, ProductType, Release
from pzhub.catalog.services import (
    create_product,
    delete_product,
    publish_product,
    set_column_associations,
)
from pzhub.catalog.services.columns import Association
from pzhub.core.storage import data_root
from pzhub.demo.generate import DemoCatalog, generate_catalogs
from pzhub.demo.objects import generate_objects, write_objects
from pzhub.processes.services.release_objects import ReleaseWishes, register_release
from pzhub.supervisor.prepare import say
from pzhub.uploads.services import receive_file, register_now, stage_copy
from pztables.formats import write_table
from pztables.roles import role_named

DEMO_FILE: Final = "demo.json"
ADMIN, USERS = "admin", ("ana", "bruno")
RELEASE: Final = "demo"
TOKEN_NAME: Final = "demo"
#: Which of the catalogs are official, and whose the others are.
OFFICIAL: Final = 2


@dataclass(frozen=True)
class DemoAccess:
    """How to get in: passwords by user, and a token of the first user."""

    passwords: dict[str, str]
    token: str

    def sentence(self) -> str:
        """Return what is printed at each start."""
        pairs = [f"  {name} / {password}" for name, password in self.passwords.items()]
        lines = ["Demo sign-in (administrator first):", *pairs]
        return "\n".join([*lines, f"Demo token of {USERS[0]}: {self.token}"])


def load_demo() -> DemoAccess:
    """Load what is missing of the demo content; return how to get in."""
    access = _access()
    if not (data_root() / DEMO_FILE).exists():
        _load_catalogs()
        _load_objects()
        _write_access(access)
    return access


def read_access(data_dir: Path) -> DemoAccess | None:
    """Return how to get in, or None when the folder holds no demo content."""
    path = data_dir / DEMO_FILE
    return DemoAccess(**json.loads(path.read_text())) if path.exists() else None


def _access() -> DemoAccess:
    """Return the access kept in the data folder, with users and a token that work."""
    kept = read_access(data_root())
    if kept is not None and authenticate_token(kept.token) is not None:
        return kept
    passwords = kept.passwords if kept else _make_users()
    owner = User.objects.get(username=USERS[0])
    access = DemoAccess(passwords, replace_token(user=owner, name=TOKEN_NAME))
    if kept is not None:
        _write_access(access)
    return access


def _make_users() -> dict[str, str]:
    """Make the demo users with passwords of their own; of a start that broke off, new ones."""
    passwords = {}
    for name in (ADMIN, *USERS):
        password = secrets.token_urlsafe(9)
        user = User.objects.filter(username=name).first()
        if user is None:
            user = create_user(
                username=name,
                password=password,
                email=f"{name}@example.org",
                is_admin=name == ADMIN,
            )
        else:
            user.set_password(password)
            user.save(update_fields=["password"])
        passwords[name] = password
    return passwords


def _write_access(access: DemoAccess) -> None:
    path = data_root() / DEMO_FILE
    draft = path.with_suffix(".partial")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(access), file)
    draft.replace(path)


def _load_catalogs() -> None:
    say("Making the demo catalogs ...")
    users = {user.username: user for user in User.objects.filter(username__in=(ADMIN, *USERS))}
    with tempfile.TemporaryDirectory() as folder:
        for number, catalog in enumerate(generate_catalogs()):
            is_official = number < OFFICIAL
            owner = users[ADMIN if is_official else USERS[number % len(USERS)]]
            publish_catalog(catalog, owner, Path(folder), is_official=is_official)


def _load_objects() -> None:
    """Make the object catalog and the release that has it, unless they are there."""
    if Release.objects.filter(name=RELEASE).exists():
        return
    # In the data folder: an administrator's folder of datasets may be read-only, and is not ours.
    folder = data_root() / "datasets" / RELEASE
    if not folder.exists():
        write_objects(generate_objects(), folder)
    wishes = ReleaseWishes(
        path=folder,
        display_name="Demo objects (generated)",
        description="**Generated, not observed.** Objects with fluxes in six bands in the Extended"
        " Chandra Deep Field South, for the demo's redshift catalogs. Made by `pzhub.demo` with a"
        " fixed seed, to try the Training Set Maker.",
        is_public=True,
    )
    register_release(
        actor=User.objects.get(username=ADMIN), name=RELEASE, wishes=wishes, deep=False
    )


def publish_catalog(
    catalog: DemoCatalog, owner: User, folder: Path, *, is_official: bool = False
) -> Product:
    """Upload, associate and publish one generated catalog, unless it is there.

    Parameters
    ----------
    catalog, owner
        What, and whose it will be.
    folder
        For the file on its way.
    is_official
        Whether it is marked official; the owner is an administrator then.
    """
    of_that_name = Product.objects.filter(user=owner, display_name=catalog.name)
    for product in of_that_name.exclude(status=ProductStatus.DELETED):
        if product.status == ProductStatus.PUBLISHED:
            return product
        delete_product(actor=owner, product=product)  # of a start that broke off
    path = folder / catalog.file_name
    write_table(catalog.table, path)
    product = create_product(
        actor=owner,
        display_name=catalog.name,
        product_type=ProductType.objects.get(name="redshift_catalog"),
        description=catalog.description,
        official_product=is_official,
    )
    receive_file(actor=owner, product=product, upload=stage_copy(path), role=FileRole.MAIN)
    register_now(actor=owner, product=product)
    set_column_associations(
        actor=owner, product=product, associations=_associations(product, catalog)
    )
    return publish_product(actor=owner, product=product)


def _associations(product: Product, catalog: DemoCatalog) -> dict[int, Association]:
    by_name = {column.column_name: column.pk for column in product.columns.all()}
    associations: dict[int, Association] = {}
    for role_name, column_name in catalog.roles.items():
        role = role_named(role_name)
        assert role is not None
        associations[by_name[column_name]] = Association(role.alias, role.ucd)
    return associations
