"""What every part of the story stands on: who asks where, the steps in order, and catalogs."""

import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pzserver import PzServer
from story.positions import positions

ADDRESS, TOKEN, OTHER_TOKEN = sys.argv[1:4]
FOLDER = Path(sys.argv[4])
#: In the order in which they are told.
STEPS: list[Callable[[], None]] = []
#: What one step leaves for the next: the client, ids by name.
STATE: dict[str, Any] = {}
#: Relative error that reading the digits of a CSV may bring.
PARSED = 1e-14
ROLES = {"RA": "RA", "DEC": "Dec", "Z": "z", "ZF": "z_flag", "SURV": "survey", "OBJ": "ID"}


def step(function):
    STEPS.append(function)
    return function


def client() -> PzServer:
    """Return the client of the one who tells the story, connected once."""
    if "pz" not in STATE:
        STATE["pz"] = PzServer(token=TOKEN, host=ADDRESS)
    return STATE["pz"]


@contextmanager
def refused(kinds, *words):
    """Expect that the block raises one of some kinds, with these words in its sentence."""
    try:
        yield
    except kinds as error:
        missing = [word for word in words if word not in str(error)]
        assert not missing, f"{missing} not in {error!r}"
        return
    raise AssertionError(f"nothing was refused ({kinds}, {words})")


def catalog(seed, survey, n_rows=60):
    """Return a small catalog; those of all seeds share half of their positions."""
    ra, dec, own = positions(seed, n_rows)
    flags = {"VVDS": [2, 3, 4, 9], "2DFGRS": [3, 4, 5, 1], "6DFGS": [3, 4, 2, 6]}[survey]
    return pd.DataFrame(
        {
            "OBJ": np.arange(n_rows) + seed * 1000,
            "RA": ra,
            "DEC": dec,
            "Z": own.uniform(0.1, 1.5, n_rows),
            "ZF": np.resize(flags, n_rows),
            "SURV": survey,
        }
    )


def same_values(table, frame, names=("RA", "DEC", "Z")):
    """Compare a table that came back with what was sent, row by row."""
    assert len(table) == len(frame), (len(table), len(frame))
    for name in names:
        found = np.asarray(table[name], dtype=float)
        np.testing.assert_allclose(found, frame[name].to_numpy(), rtol=PARSED)


def upload(name, frame, path):
    """Upload, associate and publish a redshift catalog; return its metadata."""
    product = client().upload(name, "redshift_catalog", str(path))
    assert list(product.columns) == list(frame.columns), list(product.columns)
    product.make_columns_association(ROLES)
    product.save()
    STATE[name] = product.product_id
    metadata = client().get_product_metadata(product.product_id)
    assert metadata["main_file"]["n_rows"] == len(frame)
    assert metadata["main_file"]["columns"] == list(frame.columns)
    return metadata
