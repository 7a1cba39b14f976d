"""The cone search of a product, as the standard says; pyvo asks it in tests/contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import votable

from .conftest import TABLE


@pytest.fixture
def search(table_product: Any, api: Any, bob: Any) -> Any:
    """Ask the cone search of a product."""
    client, product = api(bob), table_product()

    def get(**given: Any) -> Any:
        answer = client.get(f"/vo/products/{product.internal_name}/scs", given)
        assert answer.headers["Content-Type"] == "application/x-votable+xml"
        return answer

    return get


def table_in(answer: Any, path: Path) -> Any:
    path.write_bytes(b"".join(answer.streaming_content))
    return votable.parse_single_table(path)


def expected_ids(ra: float, dec: float, radius: float) -> list[int]:
    places = SkyCoord(TABLE["RA"].to_numpy(), TABLE["dec"].to_numpy(), unit="deg")
    apart = places.separation(SkyCoord(ra, dec, unit="deg"))
    return (np.flatnonzero(apart.deg <= radius) + 2**60).tolist()


def test_verbosity_and_radius_zero_choose_columns_and_rows(search: Any, tmp_path: Path) -> None:
    found = table_in(search(ra=359.9, dec=0, sr=0.5, verb=1), tmp_path / "a.vot")
    assert [field.name for field in found.fields] == ["RA", "dec"]
    assert [str(field.unit) for field in found.fields] == ["deg", "deg"]
    found = table_in(search(RA=359.9, DEC=0, SR=0.5, VERB=2), tmp_path / "b.vot")
    assert [field.name for field in found.fields] == ["RA", "dec", "zspec", "survey"]
    found = table_in(search(RA=359.9, DEC=0, SR=0), tmp_path / "c.vot")
    assert ([field.name for field in found.fields], len(found.array)) == (TABLE.column_names, 0)
    found = table_in(search(RA=-0.1, DEC=0, SR=0.5, MAXREC=3), tmp_path / "d.vot")
    assert found.array["objectId"].tolist() == expected_ids(359.9, 0, 0.5)[:3]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"DEC": 0, "SR": 1}, "RA: must be a number in degrees"),
        ({"RA": "x", "DEC": 0, "SR": 1}, "RA: must be a number in degrees"),
        ({"RA": 1, "DEC": 0, "SR": -1}, "SR: must be a number in degrees"),
        ({"RA": 1, "DEC": -91, "SR": 1}, "dec must lie between -90 and 90"),
        ({"RA": 1, "DEC": 1, "SR": 1, "VERB": "<much>"}, "VERB: must be a whole number"),
    ],
)
def test_a_wrong_question_is_answered_by_a_votable_that_says_why(
    search: Any, tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    path = tmp_path / "error.vot"
    answer = search(**given)
    assert answer.status_code == 200
    path.write_bytes(answer.content)
    infos = {info.name: info.value for info in votable.parse(path).resources[0].infos}
    assert infos["QUERY_STATUS"] == "ERROR"
    assert words in infos["Error"]
