from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pzpipelines.runtime.hats import write_hats_collection
from pzserver import Invalid, NotFound, PzServer, PzServerError, Refused
from pzserver._http import Connection
from pzserver.notebook import show_table
from pzserver.subsets import Selection, fetch_subset
from pzserver.tables import converted


def test_a_client_without_token_says_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PZSERVER_TOKEN", raising=False)
    with pytest.raises(Invalid, match="PZSERVER_TOKEN"):
        PzServer()


def test_the_token_may_come_from_the_environment(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PZSERVER_TOKEN", "from the environment")
    PzServer(host=server.address)
    assert server.seen[0].headers["Authorization"] == "Token from the environment"


def test_a_refused_token_is_told_at_once(server: Any, answer: Callable[..., Any]) -> None:
    server.answer = lambda seen: answer(status=401, body={"error": "This token has expired"})
    with pytest.raises(Refused, match="expired"):
        PzServer(token="old", host=server.address)


def test_an_unknown_filter_lists_the_ones_that_exist(
    server: Any, answer: Callable[..., Any]
) -> None:
    options = {"filter_classes": [{"name": "product_type_name"}, {"name": "uploaded_by"}]}
    server.answer = lambda seen: answer(body=options if seen.method == "OPTIONS" else {})
    with pytest.raises(
        Invalid, match=r"colour\nValid filter keys are:\n  - ordering\n  - product_t"
    ):
        PzServer(token="t", host=server.address).get_products_list({"colour": "red"})


def test_lists_of_values_travel_with_commas_under_the_wire_name(
    server: Any, answer: Callable[..., Any]
) -> None:
    options = {"filter_classes": [{"name": "product_type_name__or"}]}
    rows = {"count": 0, "next": None, "results": []}
    server.answer = lambda seen: answer(body=options if seen.method == "OPTIONS" else rows)
    PzServer(token="t", host=server.address).get_products_list({"product_type__or": ["a", "b"]})
    assert "status=1&product_type_name__or=a%2Cb" in server.seen[-1].path


def test_a_product_that_does_not_exist_is_named(server: Any, answer: Callable[..., Any]) -> None:
    rows = {"count": 0, "next": None, "results": []}
    server.answer = lambda seen: answer(
        body={"filter_classes": [{"name": "internal_name"}]} if seen.method == "OPTIONS" else rows
    )
    with pytest.raises(NotFound, match="'7_nothing'") as caught:
        PzServer(token="t", host=server.address).get_product_metadata("7_nothing")
    assert isinstance(caught.value, ValueError)


def test_a_missing_file_is_told_before_anything_is_sent(server: Any) -> None:
    client = PzServer(token="t", host=server.address)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv not found"):
        client.upload("name", "redshift_catalog", "nowhere.csv")
    assert len(server.seen) == 1


def test_rows_are_shown_as_a_plain_table_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([{"a": 1, "b": None}, {"a": 22, "b": "x\ny"}], {"a": "First", "b": "B"})
    assert capsys.readouterr().out == "First  B\n-----  ---\n1\n22     x y\n"


HEAVY = ("IPython", "matplotlib", "pandas", "numpy", "django", "astropy", "pyarrow")
IMPORTING = """
import sys, time
began = time.process_time()
import pzserver
pzserver.PzServer
spent = time.process_time() - began
print(spent, *(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_importing_the_library_is_quick_and_brings_nothing_heavy() -> None:
    """Its own time is counted, not that of others on the machine; the best of three tries."""
    command = [sys.executable, "-c", IMPORTING, *HEAVY]
    times = []
    for _ in range(3):
        done = subprocess.run(command, cwd=Path.home(), capture_output=True, text=True, check=True)
        spent, *brought = done.stdout.split()
        assert brought == []
        times.append(float(spent))
    assert min(times) < 0.3


@pytest.mark.parametrize(
    ("library", "call", "extra"),
    [
        ("pztables", "read_arrow(Path('x.csv'))", "tables"),
        ("lsdb", "open_with_lsdb(Path('x'), is_directory=True)", "lsdb"),
        ("matplotlib", "Catalog(None, {'main_file': M}).plot()", "plots"),
    ],
)
def test_a_missing_library_is_told_with_the_command_that_installs_it(
    library: str, call: str, extra: str
) -> None:
    program = f"""
import sys
from pathlib import Path
sys.modules[{library!r}] = None
from pzserver import Catalog, MissingExtra
from pzserver.tables import open_with_lsdb, read_arrow
M = {{"columns_association": [{{"column_name": "z", "ucd": "src.redshift"}}]}}
try:
    {call}
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{library} is not installed: pip install 'pzserver[{extra}]'\n"


def test_two_clients_of_one_program_keep_apart(server: Any, answer: Callable[..., Any]) -> None:
    """The published client remembers one server's filters for all servers of the program."""
    rows = {"count": 0, "next": None, "results": []}

    def serve(seen: Any) -> Any:
        name = "colour" if seen.headers["Authorization"] == "Token second" else "shape"
        options = {"filter_classes": [{"name": name}]}
        return answer(body=options if seen.method == "OPTIONS" else rows)

    server.answer = serve
    first = PzServer(token="first", host=server.address)
    second = PzServer(token="second", host=server.address)
    assert first.get_products_list({"shape": "round"}) == []
    assert second.get_products_list({"colour": "red"}) == []
    with pytest.raises(Invalid, match="colour"):
        first.get_products_list({"colour": "red"})


def test_a_server_that_cannot_select_gives_the_whole_file_and_it_is_selected_here(
    server: Any, answer: Callable[..., Any], tmp_path: Path
) -> None:
    content = b"RA,DEC,Z\n10,0,0.1\n10.2,0,0.9\n50,0,0.8\n"
    columns = [
        {"column_name": name, "alias": alias}
        for name, alias in (("RA", "RA"), ("DEC", "Dec"), ("Z", "z"))
    ]
    main_file = {"size": len(content), "is_directory": False, "associated_columns": columns}
    product = {"id": 5, "product_type_internal_name": "redshift_catalog", "internal_name": "5_x"}
    ready = {
        "status": "ready",
        "download_url": f"{server.address}file/",
        "checksum": hashlib.sha256(content).hexdigest(),
    }
    bodies = {
        "products/5/": product,
        "products/5/main_file_info/": {"main_file": main_file},
        "products/5/download/main-file/prepare/": ready,
        "": {},
    }

    def serve(seen: Any) -> Any:
        path = seen.path.removeprefix("/api/").split("?")[0]
        if path == "file/":
            headers = {"Content-Disposition": 'attachment; filename="cat.csv"'}
            return answer(raw=content, headers=headers)
        if path not in bodies:
            return answer(status=404, body={"error": "There is nothing", "code": "not_found"})
        return answer(body=bodies[path])

    server.answer = serve
    pz = PzServer(token="t", host=server.address, cache=tmp_path)
    near = pz.get_product(5, kind="pandas", cone=(10.1, 0, 0.5), where="Z > 0.5", columns=["Z"])
    assert near.to_dict("list") == {"Z": [0.9]}
    homeless = PzServer(token="t", host=server.address, cache=Path("/proc/no home here"))
    assert len(homeless.get_product(5)) == 3
    main_file["size"] = 300_000_000
    with pytest.raises(Invalid, match="300 MB, too much by default: choose columns"):
        pz.get_product(5, columns=["Z"])


def test_a_server_that_is_busy_is_asked_again_for_a_part(
    server: Any, answer: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    busy = answer(status=429, body={"error": "The server is busy", "code": "too_often"})
    answers = [busy, busy, busy, answer(raw=b"Z\n1\n")]
    server.answer = lambda seen: answers.pop(0)
    target = tmp_path / "part.csv"
    with closing(Connection("t", server.address)) as connection:
        assert fetch_subset(connection, 5, Selection(limit=1), target, suffix="csv")
        assert target.read_bytes() == b"Z\n1\n"
        assert pauses == sorted(pauses)
        server.answer = lambda seen: busy
        with pytest.raises(PzServerError, match="The server is busy"):
            fetch_subset(connection, 5, Selection(limit=1), target, suffix="csv")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [([], []), ([None, None], [None, None]), (["DESI", None], ["DESI", None])],
)
def test_a_column_of_text_stays_one_whatever_rows_there_are(
    texts: list[str | None], expected: list[str | None]
) -> None:
    table = converted(pa.table({"z": pa.array([0.5] * len(texts), pa.float64()),
                                "survey": pa.array(texts, pa.string())}), "astropy")  # fmt: skip
    assert (table.colnames, table["survey"].dtype.kind) == (["z", "survey"], "U")
    assert table["survey"].tolist() == expected


def archive_of(answer: Callable[..., Any], server: Any, content: bytes, route: str) -> Any:
    """Answer as a server that has one product with one archive."""
    ready = {
        "status": "ready",
        "checksum": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "download_url": f"{server.address}file/",
    }
    product = {"id": 5, "internal_name": "5_sky", "product_type_internal_name": "objects_catalog"}
    main_file = {"is_directory": True, "size": len(content)}
    info = {"main_file": main_file}
    bodies = {"": {}, "products/5/": product, "products/5/main_file_info/": info, route: ready}
    name = {"Content-Disposition": 'attachment; filename="5_sky.zip"'}

    def serve(seen: Any) -> Any:
        path = seen.path.removeprefix("/api/")
        return answer(raw=content, headers=name) if path == "file/" else answer(body=bodies[path])

    return serve


def test_a_product_is_downloaded_once_and_copied_from_then_on(
    server: Any, answer: Callable[..., Any], tmp_path: Path
) -> None:
    with PzServer(token="t", host=server.address, cache=tmp_path / "cache") as pz:
        server.answer = archive_of(answer, server, b"zip", "products/5/download/prepare/")
        first = pz.download_product(5, save_in=tmp_path / "first")
        first.write_bytes(b"changed by its owner")
        (second,) = pz.download_products([5], save_in=tmp_path / "second")
        assert (second.name, second.read_bytes()) == ("5_sky.zip", b"zip")
        assert [seen.path for seen in server.seen].count("/api/file/") == 1
        second.write_bytes(b"may be written to")
        assert pz.download_product(5, tmp_path / "third", cache=False).read_bytes() == b"zip"
        assert [seen.path for seen in server.seen].count("/api/file/") == 2


LSDB = """
import sys
from pzserver import PzServer
with PzServer(token="t", host=sys.argv[1], cache=sys.argv[2]) as pz:
    catalog = pz.get_product(5, kind="lsdb")
print(sorted(catalog.cone_search(10.0, 0.0, 3600.0).compute()["NAME"]))
"""


@pytest.mark.thorough
def test_a_hats_catalog_opens_with_lsdb(
    server: Any, answer: Callable[..., Any], tmp_path: Path
) -> None:
    rows = pa.table({"RA": [10.0, 10.1, 200.0], "DEC": [0.0, 0.1, 50.0], "NAME": ["a", "b", "c"]})
    write_hats_collection(
        tmp_path / "sky", name="sky", ra=rows["RA"].to_numpy(), dec=rows["DEC"].to_numpy(),
        schema=rows.schema, take=rows.take, progress=lambda share: None,
        position_columns=("RA", "DEC"),
    )  # fmt: skip
    zipped = Path(shutil.make_archive(str(tmp_path / "5_sky"), "zip", tmp_path, "sky"))
    route = "products/5/download/main-file/prepare/"
    server.answer = archive_of(answer, server, zipped.read_bytes(), route)
    # In a process of its own: warnings of LSDB and its libraries are not ours.
    command = [sys.executable, "-c", LSDB, server.address, str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "['a', 'b']\n"), done.stderr
