from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from pztables.spare import spare

spare("colorsys", "json")
try:
    import colorsys
except ModuleNotFoundError as error:
    print(error.name)
from importlib.util import find_spec
print(find_spec("colorsys") is not None, "json" in sys.modules, find_spec("wave") is not None)
import json
print(json.dumps([1]))
"""


def test_what_is_spared_is_missing_and_what_is_loaded_stays() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import json\n" + PROGRAM],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["colorsys", "True True True", "[1]"]
