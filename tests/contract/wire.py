"""A raw speaker of the API for tests of the wire: what is sent is what is written here."""

from __future__ import annotations

import time
from typing import Any, Final

import httpx

#: Of a product on the wire, in this order.
PRODUCT_KEYS: Final = [
    "id", "release", "release_name", "product_type", "product_type_name",
    "product_type_internal_name", "uploaded_by", "is_owner", "origin", "process_status",
    "process_id", "product_status", "can_delete", "can_update", "internal_name", "display_name",
    "official_product", "pz_code", "description", "created_at", "updated_at", "status",
    "release_year",
]  # fmt: skip
#: What the columns of `CSV` mean, as the published client says it.
ROLES: Final = {
    "RA": {"alias": "RA", "ucd": "pos.eq.ra;meta.main"},
    "DEC": {"alias": "Dec", "ucd": "pos.eq.dec;meta.main"},
    "Z": {"alias": "z", "ucd": "src.redshift"},
    "ZF": {"alias": "z_flag", "ucd": "stat.rank"},
    "SURV": {"alias": "survey", "ucd": "meta.curation"},
}
N_ROWS: Final = 25
CSV: Final = "ID,RA,DEC,Z,ZF,SURV\n" + "".join(
    f"{row},{10 + row / 100},{-30 + row / 100},{(row + 1) / 100},{3 + row % 2},VVDS\n"
    for row in range(N_ROWS)
)


class Wire:
    """Somebody with a token, and what they send."""

    def __init__(self, address: str, token: str | None) -> None:
        self.headers = {"Authorization": f"Token {token}"} if token else {}
        self.client = httpx.Client(
            base_url=f"{address}/api/", headers=self.headers, timeout=60, follow_redirects=False
        )

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.client.request(method, path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def read(self, path: str, **options: Any) -> Any:
        """Return the JSON of what must be there."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def results(self, path: str) -> list[Any]:
        found: list[Any] = self.read(path)["results"]
        return found

    def ids(self, query: str) -> list[int]:
        """Return the products of a query in the order in which they come."""
        return [item["id"] for item in self.results(f"products/?page_size=1000&{query}")]

    def begin(self, **fields: Any) -> httpx.Response:
        """Begin a product with the body that the published client sends."""
        body = {
            "display_name": "My cat",
            "product_type": 1,
            "release": None,
            "official_product": False,
            "pz_code": None,
            "description": None,
            "status": 0,
        }
        return self.send("POST", "products/", json=body | fields)

    def send_file(
        self, product: int, name: str, content: bytes, /, **fields: str
    ) -> httpx.Response:
        form = {"product": str(product), "role": "0"} | fields
        return self.send("POST", "product-files/", data=form, files={"file": (name, content)})

    def register(self, name: str) -> int:
        """Begin a redshift catalog, send its file and register it by GET, as the client does."""
        product: int = self.begin(display_name=name).json()["id"]
        sent = self.send_file(product, "cat.csv", CSV.encode(), type="text/csv")
        assert sent.status_code == 201, sent.text
        self.read(f"products/{product}/registry/")
        return product

    def publish(self, name: str) -> int:
        product = self.register(name)
        for column in self.results(f"product-contents/?product={product}"):
            if form := ROLES.get(column["column_name"]):
                self.send("PATCH", f"product-contents/{column['id']}/", data=form)
        answer = self.send("PATCH", f"products/{product}/", data={"status": 1})
        assert answer.status_code == 200, answer.text
        return product

    def prepared(self, base: str) -> Any:
        """Prepare a download with the client's empty body and wait until it is ready."""
        json = {"Content-Type": "application/json"}
        answer = self.send("POST", f"{base}prepare/", headers=json)
        assert answer.status_code in (200, 202), answer.text
        archive = answer.json()
        while archive["status"] in ("pending", "running"):
            time.sleep(0.1)
            archive = self.read(f"{base}status/")
        return archive

    def ended(self, process: int) -> Any:
        """Wait for a run to end and return it."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            shown = self.read(f"processes/{process}/")
            if shown["status"] not in ("Pending", "Running", "Stopping"):
                return shown
            time.sleep(0.2)
        raise AssertionError(f"process {process} does not end: {shown}")
