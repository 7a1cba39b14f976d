"""Who plays in the parity tests, with what, and how a refusal that was wanted is forgiven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from contract.wire import Wire
from e2e.conftest import Complaints
from hub import Hub


@dataclass(frozen=True)
class Person:
    """Somebody with a session in the browser and a token on the wire."""

    name: str
    wire: Wire
    session: str

    def begin(self, title: str, kind: str, **fields: Any) -> Item:
        """Begin a draft of a type, given by its name on the wire."""
        types = {each["name"]: each["id"] for each in self.wire.results("product-types/")}
        answer = self.wire.begin(display_name=title, product_type=types[kind], **fields)
        assert answer.status_code == 201, answer.text
        return Item(answer.json()["id"], answer.json()["internal_name"], title)

    def tell(self, title: str, kind: str = "other", **fields: Any) -> Item:
        """Publish a product without files, which says in words where its data are."""
        item = self.begin(title, kind, **{"description": "Ask for the data.", **fields})
        self.change(item, status=1)
        return item

    def share_catalog(self, title: str) -> Item:
        """Publish a redshift catalog of 25 rows."""
        return self.find(self.wire.publish(title))

    def find(self, key: int) -> Item:
        found = self.wire.read(f"products/{key}/")
        return Item(key, found["internal_name"], found["display_name"])

    def change(self, item: Item, **fields: Any) -> None:
        answer = self.wire.send("PATCH", f"products/{item.key}/", json=fields)
        assert answer.status_code == 200, answer.text


@dataclass(frozen=True)
class Item:
    """A product."""

    key: int
    name: str
    title: str

    @property
    def path(self) -> str:
        """Its page."""
        return f"/product/{self.name}"


def session_of(hub: Hub, name: str) -> str:
    """Sign in without a browser; return what its cookie holds."""
    with httpx.Client(base_url=hub.address) as client:
        client.get("/login")
        sent = {
            "username": name,
            "password": hub.password,
            "csrfmiddlewaretoken": client.cookies["pzserver.csrftoken"],
        }
        assert client.post("/login", data=sent).status_code == 302
        return client.cookies["sessionid"]


def forgive(complaints: Complaints, words: str) -> None:
    """Forget that the browser notes a refusal which was wanted here; it must have done so."""
    left = [text for text in complaints.found if words not in text]
    assert len(left) < len(complaints.found), complaints.found
    complaints.found[:] = left
