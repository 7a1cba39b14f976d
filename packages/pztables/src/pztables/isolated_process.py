"""The process in which one user's file is parsed: first the walls, then the work.

Started by `pztables.isolation` only; reads its request from standard input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pztables.spare import DISPENSABLE, spare
from pztables.walls import raise_walls

_EXIT_REFUSED = 2


def main() -> int:
    """Raise the walls, inspect the file, leave the result; return the exit code."""
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    path, out_dir = Path(request["path"]), Path(request["out_dir"])
    walls = raise_walls(readable=[path], writable=[out_dir], limits=request["limits"])
    spare(*DISPENSABLE)
    # imported behind the walls: what these libraries do at import is confined too
    from pztables.errors import UserError
    from pztables.isolation import RESULT_NAME

    result_path = out_dir / RESULT_NAME
    if request.get("report"):
        _leave(result_path, walls)
        return 0
    try:
        _leave(result_path, _inspect(request, path, out_dir))
    except UserError as error:
        _leave(result_path, error.as_dict())
        return _EXIT_REFUSED
    return 0


def _inspect(request: dict[str, Any], path: Path, out_dir: Path) -> dict[str, Any]:
    from pztables.inspection import inspect_main_file
    from pztables.limits import Limits

    inspection = inspect_main_file(
        path,
        out_dir,
        tabular_required=bool(request["tabular_required"]),
        limits=Limits.from_dict(request["limits"]),
        product_type=request["product_type"],
    )
    return inspection.as_dict()


def _leave(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, allow_nan=False, default=str), "ascii")


if __name__ == "__main__":
    sys.exit(main())
