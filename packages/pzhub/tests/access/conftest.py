"""The access matrix as data, and a world with something of every state to try it on.

``matrix.yaml`` says what each standing gets; what tokens and strangers get follows from it here.
One world serves all rows: every cell is undone by a savepoint.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client, override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from pzhub.accounts.models import ApiToken, TokenScope, User
from pzhub.accounts.services import create_token, create_user, revoke_token
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
from pzhub.downloads.models import ArchiveKind
from pzhub.downloads.services import prepare_archive, prepare_bundle, sign_link
from pzhub.notices.models import NoticeKind
from pzhub.notices.services import notify
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.processes.services import register_pipelines
from pzhub.uploads.models import Inspection, InspectionState, ResumableUpload
from pzhub.uploads.services import begin_upload
from pzhub.web.announced import forget_announcements
from pzhub.web.models import Announcement
from pztables.product_types import PRODUCT_TYPES
from pztables.profile import build_profile

PASSWORD: Final = "correct horse battery"
#: Name of an input that a run kept, which who sees the result need not see.
SECRET_INPUT: Final = "999_secret_input"
STANDINGS: Final = ("member", "group", "owner", "admin")
SCOPES: Final = ("read", "upload", "run")


@dataclass(frozen=True)
class Actor:
    """Somebody who asks: where they stand, and what they show for it."""

    name: str
    standing: str | None
    proof: str  # nothing | session | token
    scope: str = "run"
    works: bool = True


ACTORS: Final = (
    Actor("anonymous", None, "nothing"),
    *(Actor(f"{standing} (session)", standing, "session") for standing in STANDINGS),
    *(Actor(f"{standing} (token)", standing, "token") for standing in STANDINGS),
    *(Actor(f"owner (token to {scope})", "owner", "token", scope) for scope in SCOPES[:-1]),
    Actor("admin (token to read)", "admin", "token", "read"),
    Actor("owner (expired token)", "owner", "token", works=False),
    Actor("owner (revoked token)", "owner", "token", works=False),
    Actor("switched-off account (session)", "left", "session", works=False),
    Actor("switched-off account (token)", "left", "token", works=False),
)


@dataclass(frozen=True)
class Row:
    """One address with one method, and its statuses per standing and state."""

    kind: str  # api | pages
    method: str
    path: str
    cells: Mapping[str, tuple[int, ...]]
    case: str = ""
    public: bool = False
    scope: str = "read"
    token_only: bool = False
    sent: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" [{self.case}]" if self.case else "")

    @property
    def depends_on_state(self) -> bool:
        """Whether the address or the body names something with a state."""
        return any(len(statuses) > 1 for statuses in self.cells.values()) or any(
            name in self.path for name in ("{made", "{process}")
        )

    def expected(self, actor: Actor, state: int) -> int:
        """Return the status that an actor gets."""
        known = actor.works and (
            actor.proof == "session" or (self.kind == "api" and actor.proof == "token")
        )
        if self.public:
            return self._cell(actor.standing if known and actor.standing else "anonymous", state)
        if not known or actor.standing is None:
            return 401 if self.kind == "api" else 302
        if self.kind == "api" and actor.proof == "token":
            if SCOPES.index(actor.scope) < SCOPES.index(self.scope):
                return 403
        elif self.token_only:
            return 403
        return self._cell(actor.standing, state)

    def _cell(self, standing: str, state: int) -> int:
        statuses = self.cells[standing]
        return statuses[state if len(statuses) > 1 else 0]


def _statuses(text: str, states: int) -> tuple[int, ...]:
    statuses = tuple(int(word) for word in str(text).split())
    assert len(statuses) in (1, states), text
    return statuses


def _row(kind: str, states: int, entry: dict[str, Any]) -> Row:
    method, _, path = entry.pop("do").partition(" ")
    cells = entry.pop("cells")
    if isinstance(cells, str):
        cells = dict.fromkeys(("anonymous", *STANDINGS), cells)
    kinds = ("json", "form", "file", "headers")
    sent = {name: entry.pop(name) for name in kinds if name in entry}
    if kind == "api" and not entry.get("public"):
        assert "scope" in entry, path
    assert set(STANDINGS) <= set(cells), path
    grid = {standing: _statuses(text, states) for standing, text in cells.items()}
    return Row(kind, method, path, grid, sent=sent, **entry)


def _read() -> tuple[tuple[str, ...], tuple[Row, ...]]:
    content = yaml.safe_load(Path(__file__).with_name("matrix.yaml").read_text())
    states = tuple(content["states"])
    rows = (
        _row(kind, len(states), dict(entry)) for kind in ("api", "pages") for entry in content[kind]
    )
    return states, tuple(rows)


STATES, ROWS = _read()


def _cells_of(row: Row) -> Iterator[tuple[str, Actor, int]]:
    """Yield the state, the actor and the expected status of every cell of a row."""
    for number, state in enumerate(STATES if row.depends_on_state else STATES[1:2]):
        for actor in ACTORS:
            if actor.standing == "left" and row.depends_on_state and state != STATES[1]:
                continue  # turned away before anything is looked at, as one state shows
            if row.kind == "pages" and actor.proof == "token" and actor.name != "owner (token)":
                continue  # to the pages all tokens are nobody, as that one shows
            yield state, actor, row.expected(actor, number if row.depends_on_state else 1)


def _is_usual(row: Row, actor: Actor, state: str) -> bool:
    """Tell whether a cell belongs to every run: the others repeat what usual ones say.

    The standings of people are asked for in every state. What a token or nobody gets follows from
    them: each of these asks once per row, in a state that moves on from row to row, so that all
    pairs of actors and states come up.
    """
    if not row.depends_on_state or (actor.proof == "session" and actor.standing in STANDINGS):
        return True
    if actor.standing == "left":
        return state == STATES[1]
    return state == STATES[(ROWS.index(row) + ACTORS.index(actor)) % len(STATES)]


def _cells_by_run() -> Iterator[Any]:
    """Yield each row with its usual cells, and with the others where there are any."""
    for row in ROWS:
        cells = list(_cells_of(row))
        usual = [cell for cell in cells if _is_usual(row, cell[1], cell[0])]
        yield pytest.param(row, usual, id=str(row))
        if len(usual) < len(cells):
            others = [cell for cell in cells if cell not in usual]
            yield pytest.param(row, others, id=f"{row}, others", marks=pytest.mark.thorough)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every row."""
    if "cells" in metafunc.fixturenames:
        metafunc.parametrize(("row", "cells"), _cells_by_run())


# -- the world -----------------------------------------------------------------------------------

_STATUS: Final = {
    "registering": ProductStatus.REGISTERING,
    "published": ProductStatus.PUBLISHED,
    "restricted": ProductStatus.PUBLISHED,
    "processing": ProductStatus.PROCESSING,
    "failed": ProductStatus.FAILED,
    "deleted": ProductStatus.DELETED,
}
_PHASE: Final = {"processing": Phase.PENDING, "failed": Phase.ERROR}
_ALIASES: Final = {"RA": "RA", "DEC": "Dec", "Z": "z", "QF": "z_flag", "SV": "survey", "note": None}
_TABLE: Final = pa.table(
    {
        "RA": [10.0, 10.1, 10.2],
        "DEC": [-30.0, -30.1, -30.2],
        "Z": [0.1, 0.2, 0.3],
        "QF": [3, 4, 3],
        "SV": ["2DFGRS"] * 3,
        "note": ["a", "b", "c"],
    }
)


class World:
    """People, and for each state a product, a redshift catalog, and a run with its product."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.types = {
            item.name: ProductType.objects.get_or_create(
                id=item.id,
                defaults={
                    "name": item.name,
                    "display_name": item.display_name,
                    "order": item.order,
                    "description": item.description,
                },
            )[0]
            for item in PRODUCT_TYPES
        }
        self.people = {
            "member": create_user(username="bob", password=PASSWORD),
            "group": create_user(username="carla", password=PASSWORD, groups=["dp1-team"]),
            "owner": create_user(username="ana", password=PASSWORD),
            "admin": create_user(username="root", password=PASSWORD, is_admin=True),
            "left": create_user(username="lea", password=PASSWORD),
        }
        self.release = Release.objects.create(name="dp1", display_name="LSST DP1")
        self.release.access_groups.add(Group.objects.get(name="dp1-team"))
        register_pipelines()
        self.pipeline = Pipeline.objects.get(name="combine_redshift_dedup")
        self._sessions = {standing: self._session(user) for standing, user in self.people.items()}
        self._tokens = {actor: self._token(actor) for actor in ACTORS if actor.proof == "token"}
        User.objects.filter(pk=self.people["left"].pk).update(is_active=False)
        # One of each kind, because each has a handler with all the middleware.
        self._clients: dict[tuple[str, bool], Client] = {
            (kind, csrf): make(enforce_csrf_checks=csrf, raise_request_exception=False)
            for kind, make in (("api", APIClient), ("pages", Client))
            for csrf in (False, True)
        }
        spare, _ = create_token(user=self.people["owner"], name="spare")
        other = self._catalog("other", "published")
        self._common = {
            "user": self.people["owner"].pk,
            "style": "bibtex",
            "type": self.types["training_set"].pk,
            "release": self.release.pk,
            "release_name": self.release.name,
            "text_page": "about",
            "language": "en",
            "announcement": Announcement.objects.create(
                level="info", text_en="Hello", begins_at=timezone.now()
            ).pk,
            "group": Group.objects.get(name="dp1-team").pk,
            "pipeline": self.pipeline.pk,
            "token": spare.pk,
            "notice": notify(
                user=self.people["owner"],
                kind=NoticeKind.JOB_DONE,
                key="job 0",
                subject="Some job",
                url="/jobs",
            ).pk,
            "other": other.pk,
            "other_name": other.internal_name,
            "other_link": self._link(other, ArchiveKind.PRODUCT),
            "bundle": prepare_bundle(actor=self.people["owner"], products=[other]).pk,
        }
        self.names = {state: self._common | self._things(state) for state in STATES}

    def _session(self, user: User) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def _token(self, actor: Actor) -> str:
        user = self.people[str(actor.standing)]
        row, clear = create_token(user=user, name=actor.name, scope=TokenScope(actor.scope))
        if "expired" in actor.name:
            past = timezone.now() - timedelta(seconds=1)
            ApiToken.objects.filter(pk=row.pk).update(expires_at=past)
        if "revoked" in actor.name:
            revoke_token(token=row, actor=user)
        return clear

    def _product(self, name: str, type_name: str) -> Product:
        return create_product(
            actor=self.people["owner"], display_name=name, product_type=self.types[type_name]
        )

    def _file(self, product: Product, name: str, role: FileRole, content: Any) -> ProductFile:
        path = storage.product_dir(product) / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path)
        return ProductFile.objects.create(
            product=product,
            role=role,
            name=name,
            path=storage.relative_path(path),
            extension=path.suffix,
            size=path.stat().st_size,
            sha256=f"{product.pk:060d}{role:04d}",
        )

    def _filled(self, product: Product) -> Product:
        """Give a product a main file that was inspected, a document, and columns."""
        main = self._file(product, "cat.parquet", FileRole.MAIN, _TABLE)
        self._file(product, "page.html", FileRole.DESCRIPTION, b"<p>About this set.</p>")
        Inspection.objects.create(
            product=product,
            file=main,
            sha256=main.sha256,
            state=InspectionState.DONE,
            is_table=True,
            canonical_path=main.path,
            profile_path=self._profile(main),
            first_rows=_TABLE.to_pylist(),
        )
        for order, (name, alias) in enumerate(_ALIASES.items()):
            Column.objects.create(product=product, column_name=name, alias=alias, order=order)
        return product

    def _profile(self, main: ProductFile) -> str:
        """Describe a main file, beside it; return the relative path."""
        roles = {"ra": "RA", "dec": "DEC", "z": "Z"}
        described = build_profile(storage.data_path(main.path), roles=roles)
        path = storage.data_path(main.path).with_name("profile.json")
        path.write_text(json.dumps(described))
        return storage.relative_path(path)

    def _move(self, product: Product, state: str) -> Product:
        """Bring a product into a state without the way that users would have to go."""
        now = timezone.now()
        status = _STATUS[state]
        settled = status in (ProductStatus.PUBLISHED, ProductStatus.DELETED)
        Product.objects.filter(pk=product.pk).update(
            status=status,
            release=self.release if state == "restricted" else None,
            published_at=now if settled else None,
            deleted_at=now if status == ProductStatus.DELETED else None,
        )
        return Product.objects.get(pk=product.pk)

    def _catalog(self, name: str, state: str) -> Product:
        return self._move(self._filled(self._product(name, "redshift_catalog")), state)

    def _run(self, state: str) -> Process:
        made = self._move(self._product(f"made {state}", "redshift_catalog"), state)
        phase = _PHASE.get(state, Phase.COMPLETED)
        process = Process.objects.create(
            pipeline=self.pipeline,
            user=self.people["owner"],
            display_name=made.display_name,
            upload=made,
            used_config={
                "param": {},
                "output_format": "parquet",
                "inputs": {"specz": [{"internal_name": SECRET_INPUT}]},
            },
            phase=phase,
            ended_at=None if phase == Phase.PENDING else timezone.now(),
        )
        for position, name in enumerate(("first input", "second input")):
            process.input_links.create(product=self._catalog(name, "published"), position=position)
        return process

    def _link(self, product: Product, kind: ArchiveKind) -> str:
        owner = self.people["owner"]
        return sign_link(prepare_archive(actor=owner, product=product, kind=kind), owner)

    def _upload(self, product: Product) -> ResumableUpload:
        return begin_upload(
            actor=self.people["owner"], product=product, name="more.txt", role=2, size=5
        )

    def _things(self, state: str) -> dict[str, Any]:
        """Return what the placeholders of a row stand for."""
        product = self._filled(self._product(state, "training_set"))
        product = self._move(product, "published" if state == "deleted" else state)
        links = {
            "link": self._link(product, ArchiveKind.PRODUCT),
            "main_link": self._link(product, ArchiveKind.MAIN_FILE),
        }
        product = self._move(product, state)
        catalog = self._catalog(f"catalog {state}", state)
        process = self._run(state)
        return links | {
            "product": product.pk,
            "name": product.internal_name,
            "file": product.files.get(role=FileRole.MAIN).pk,
            "product64": base64.b64encode(str(product.pk).encode()).decode(),
            "upload": self._upload(catalog).pk if state == "published" else "",
            "document": product.files.get(role=FileRole.DESCRIPTION).pk,
            "column": product.columns.get(column_name="note").pk,
            "catalog": catalog.pk,
            "catalog_name": catalog.internal_name,
            "process": process.pk,
            "made": process.upload_id,
            "made_name": process.upload.internal_name,
        }

    def close(self, state: str) -> None:
        """Put the products of a state into the release that is closed to bob."""
        keys = [self.names[state][name] for name in ("product", "catalog", "made")]
        Product.objects.filter(pk__in=keys).update(release=self.release)

    def client_of(self, actor: Actor, kind: str, *, csrf: bool = False) -> Client:
        """Return the client of an actor: for the API, or for the site's pages."""
        client = self._clients[kind, csrf]
        client.cookies.clear()
        client.defaults.pop("HTTP_AUTHORIZATION", None)
        if actor.proof == "session":
            client.cookies[settings.SESSION_COOKIE_NAME] = self._sessions[str(actor.standing)]
        if actor.proof == "token":
            client.defaults["HTTP_AUTHORIZATION"] = f"Token {self._tokens[actor]}"
        return client

    def ask(self, client: Client, row: Row, state: str) -> HttpResponseBase:
        """Send what a row says; nothing of it stays in the database."""
        names = self.names[state]
        sent = {name: _filled(value, names) for name, value in row.sent.items()}
        if "json" in sent:
            options: dict[str, Any] = {"data": sent["json"], "content_type": "application/json"}
            if isinstance(client, APIClient):
                options = {"data": sent["json"], "format": "json"}
        elif "form" in sent or "file" in sent:
            data = dict(sent.get("form", {}))
            if "file" in sent:
                data["file"] = SimpleUploadedFile(sent["file"], b"about the columns\n")
            options = {"data": data}
            if isinstance(client, APIClient):
                options["format"] = "multipart"
        else:
            options = {}
        options["headers"] = sent.get("headers")
        return _send(client, row.method, _filled(row.path, names), **options)


def _send(client: Client, method: str, path: str, **options: Any) -> HttpResponseBase:
    """Send a request, read the answer to its end, and undo what it did."""
    with undone():
        answer: HttpResponseBase = getattr(client, method.lower())(path, **options)
        if answer.streaming:  # its end closes the file; closing it here would close the database
            for _ in answer:
                pass
    return answer


@contextmanager
def undone() -> Iterator[None]:
    """Take back what happens to the database inside the block."""
    mark = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(mark)


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    """Return a value of a row with its placeholders replaced; a lone one keeps its type."""
    if isinstance(value, Mapping):
        return {key: _filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, names) for inner in value]
    if not isinstance(value, str):
        return value
    lone = re.fullmatch(r"\{(\w+)\}", value)
    return names[lone[1]] if lone else value.format_map(names)


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Build the world once; all of it is undone at the end."""
    folder = tmp_path_factory.mktemp("access")
    changed = override_settings(DATA_DIR=folder, FILE_UPLOAD_TEMP_DIR=folder / "staging")
    with changed, django_db_blocker.unblock(), transaction.atomic():
        (folder / "staging").mkdir()
        yield World(folder)
        transaction.set_rollback(True)
        forget_announcements()


@pytest.fixture(autouse=True)
def data_dir(world: World) -> Path:
    """Return the world's data folder, in place of one per test."""
    return world.data_dir


@pytest.fixture
def rows() -> tuple[Row, ...]:
    """Return all rows."""
    return ROWS


@pytest.fixture
def actors() -> tuple[Actor, ...]:
    """Return everybody."""
    return ACTORS


@pytest.fixture
def send() -> Any:
    """Return what sends a request and undoes what it did."""
    return _send


@pytest.fixture
def undo() -> Any:
    """Return what takes back what happens to the database inside a block."""
    return undone


@pytest.fixture
def filled() -> Any:
    """Return what replaces the placeholders of a row."""
    return _filled
