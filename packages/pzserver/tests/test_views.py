"""Views of tables: what is asked of the server, and how its answers are shown."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from pzserver import Invalid, PzServer, ServerFault
from pzserver.cli.commands import run

PRODUCT = {
    "id": 5, "internal_name": "5_x", "display_name": "X", "product_type_name": "Other",
    "official_product": False, "release_name": None, "uploaded_by": "ana", "origin": "Upload",
    "created_at": "2026-11-21T10:00:00Z", "product_status": "Published",
}  # fmt: skip
OTHER = {**PRODUCT, "id": 6, "internal_name": "6_y", "display_name": "Y"}
PROFILE = {
    "n_rows": 40,
    "columns": [{"name": "Z", "role": "z"}, {"name": "MAG_I", "role": None}],
    "redshift": {"min": 0.1, "median": 0.5, "max": 1.0},
    "sky": {"area_deg2": 2.0},
}
HISTOGRAM = {
    "kind": "histogram", "x": {"name": "Z"}, "edges": [0.0, 0.5, 1.0], "counts": [10, 40],
    "rows": 55, "missing": 3, "outside": 2,
}  # fmt: skip
VALUES = {
    "kind": "values", "x": {"name": "S"}, "values": [{"value": "DESI", "count": 4}], "other": 1,
    "distinct": 2, "rows": 5, "missing": 0,
}  # fmt: skip


@pytest.fixture
def bodies(server: Any, answer: Callable[..., Any]) -> dict[str, Any]:
    """Let the server answer by path; what it does not know it refuses."""
    known: dict[str, Any] = {
        "": {},
        "products/5/": PRODUCT,
        "products/6/": OTHER,
        "products/5/profile/": PROFILE,
    }

    def serve(seen: Any) -> Any:
        path = seen.path.removeprefix("/api/").partition("?")[0]
        if path not in known:
            return answer(status=404, body={"error": "no table", "code": "no_profile"})
        return answer(body=known[path])

    server.answer = serve
    return known


@pytest.fixture
def pz(server: Any, bodies: dict[str, Any]) -> PzServer:
    return PzServer(token="t", host=server.address)


@pytest.fixture
def command(
    server: Any, bodies: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:  # fmt: skip
    def typed(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("PZSERVER_TOKEN", "t")
        monkeypatch.setenv("PZSERVER_HOST", server.address)
        monkeypatch.setattr(sys, "argv", ["pz", *arguments])
        try:
            code = run()
        except SystemExit as left:
            code = int(left.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return typed


def test_a_density_is_asked_for_with_its_axes(
    pz: PzServer, server: Any, bodies: dict[str, Any]
) -> None:
    bodies["products/5/density/"] = HISTOGRAM
    found = pz.get_density(5, "Z", "MAG_I", bins=2, range=(0, 1), cone=(10, 0, 1), where="Z > 0")
    assert found == HISTOGRAM
    assert server.seen[-1].path.partition("?")[2] == (
        "where=Z+%3E+0&cone=10.0%2C0.0%2C1.0&x=Z&y=MAG_I&bins=2&range=0.0%2C1.0"
    )
    with pytest.raises(Invalid, match=r"yrange=\(1, 2, 3\)"):
        pz.get_density(5, "Z", yrange=(1, 2, 3))  # type: ignore[arg-type]


def test_a_view_is_waited_for_until_it_is_published_or_has_failed(
    pz: PzServer, server: Any, bodies: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    bodies["products/5/data/save/"] = {"id": 6, "internal_name": "6_y", "rows": 9}
    assert pz.save_view(5, "Y", where="Z > 1", columns=["Z"], sort=["-Z"], limit=9) == OTHER
    (sent,) = (json.loads(seen.body) for seen in server.seen if seen.method == "POST")
    assert sent == {
        "display_name": "Y", "sort": ["-Z"], "columns": ["Z"], "where": "Z > 1", "limit": "9",
    }  # fmt: skip
    bodies["products/6/"] = {**OTHER, "product_status": "Processing"}
    assert pz.save_view(5, "Y", wait_seconds=0)["product_status"] == "Processing"
    with pytest.raises(ServerFault, match="6_y is still being made") as late:
        pz.save_view(5, "Y", wait_seconds=10)
    assert (late.value.code, sum(pauses)) == ("view_waiting", 10)
    bodies["products/6/"] = {**OTHER, "product_status": "Failed"}
    with pytest.raises(Invalid, match="6_y could not be made"):
        pz.save_view(5, "Y")


def test_products_lie_side_by_side_also_one_without_a_table(pz: PzServer) -> None:
    found = pz.get_comparison([5, 6])
    assert found["products"][0] == {
        "internal_name": "5_x", "display_name": "X", "type": "Other", "official": False,
        "release": None, "owner": "ana", "origin": "Upload", "created_at": "2026-11-21T10:00:00Z",
        "rows": 40, "n_columns": 2, "z_min": 0.1, "z_median": 0.5, "z_max": 1.0, "area_deg2": 2.0,
    }  # fmt: skip
    nothing = {"rows", "n_columns", "z_min", "z_median", "z_max", "area_deg2"}
    assert {key for key, value in found["products"][1].items() if value is None} == nothing | {
        "release"
    }
    assert found["columns"] == [
        {"meaning": "z", "names": ["Z", None]},
        {"meaning": "mag_i", "names": ["MAG_I", None]},
    ]


@pytest.mark.parametrize(("names", "n"), [([], 0), (["5"], 1), ("5_x", 1), (list("1234567"), 7)])
def test_two_to_six_products_are_compared(pz: PzServer, names: Any, n: int) -> None:
    with pytest.raises(Invalid, match=f"^{n} products: name 2 to 6 to compare"):
        pz.get_comparison(names)


def test_the_commands_show_bars_counts_and_a_table(
    command: Callable[..., tuple[int, str, str]], bodies: dict[str, Any]
) -> None:
    bodies["products/5/density/"] = HISTOGRAM
    code, out, err = command("histogram", "5", "Z", "--bins", "2")
    assert (code, err) == (0, "55 rows, 3 without a value, 2 outside\n")
    bars = [line.rsplit(maxsplit=1) for line in out.splitlines()[2:]]
    assert [(line.split(), len(bar)) for line, bar in bars] == [
        (["0", "…", "0.5", "10"], 12),
        (["0.5", "…", "1", "40"], 50),
    ]
    bodies["products/5/density/"] = VALUES
    assert command("histogram", "5", "S")[2] == "5 rows, 0 without a value, 1 with other values\n"
    assert json.loads(command("histogram", "5", "S", "--json")[1]) == VALUES
    bodies["products/5/data/count/"] = {"count": 7, "total": 9}
    assert command("count", "5") == (0, "7\n", "")
    bodies["products/5/data/save/"] = {"id": 6, "internal_name": "6_y", "rows": 1200}
    assert command("save-view", "5", "--name", "Y") == (0, "6_y\n", "6_y: 1,200 rows\n")
    bodies["products/6/profile/"] = PROFILE
    code, out, _ = command("compare", "5", "6")
    lines = {line.rsplit(maxsplit=2)[0]: line.split()[-2:] for line in out.splitlines()}
    assert (lines["rows"], lines["median z"], lines["column z"]) == (
        ["40", "40"], ["0.5", "0.5"], ["Z", "Z"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("count", "5", "--cone", "1,2"), "--cone '1,2' is not RA,DEC,RADIUS, like 53.1,-27.8,0.2"),
        (("count", "5", "--moc", "no.fits"), "moc='no.fits' is no text of a MOC"),
        (("histogram", "5", "Z", "--range", "1"), "--range '1' is not LOWEST,HIGHEST, like 0,2"),
        (("get", "5", "--moc", ""), "moc='': a MOC of mocpy, its ASCII or JSON"),
        (("compare", "5"), "1 products: name 2 to 6 to compare"),
    ],
)
def test_what_is_typed_wrongly_is_refused_with_its_option(
    command: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert words in err
