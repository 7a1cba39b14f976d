"""Run the code cells of a notebook in order, as Jupyter would: ``python notebook.py PATH``.

Prints one JSON line per cell: its number and the traceback, if any, and stops at the first one.
"""

import ast
import json
import sys
import time
import traceback
import warnings
from pathlib import Path

#: The clients wait up to 30 s between two looks at a run; here less.
CLOCK = 20.0


def shown_last(tree):
    """Split a cell into its statements and the expression at its end, which Jupyter shows."""
    last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
    return tree, last


def run(path):
    notebook = json.loads(Path(path).read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names = {"__name__": "__main__"}
    for number, cell in enumerate(cells, 1):
        label, why = f"<cell {number}>", ""
        try:
            tree, last = shown_last(ast.parse("".join(cell["source"]), label))
            exec(compile(tree, label, "exec"), names)
            if last is not None:
                print(repr(eval(compile(last, label, "eval"), names))[:500])
        except Exception:
            why = traceback.format_exc()
        print("CELL " + json.dumps({"number": number, "why": why}), flush=True)
        if why:
            break
    print(f"CELLS {len(cells)}")


if __name__ == "__main__":
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(seconds / CLOCK)
    warnings.simplefilter("ignore")
    run(sys.argv[1])
