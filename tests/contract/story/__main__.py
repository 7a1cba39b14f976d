"""Tell the story: ``python -m story ADDRESS TOKEN OTHER_TOKEN FOLDER PART…``, with the client's Python.

Prints one JSON line per step: its name, whether it passed, and the traceback when it did not;
then one per public method of the client. A step whose predecessor failed runs all the same.
"""

import importlib
import json
import os
import sys
import time
import traceback
import warnings

from story import watch
from story.stage import FOLDER, STEPS

#: The client waits 30 s between two looks at a run, and 2 s at a download; here less.
CLOCK = 30.0


def main():
    watch.watch()
    for part in sys.argv[5:]:  # in this order; each adds its steps when it is imported
        importlib.import_module(f"story.{part}")
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(seconds / CLOCK)
    os.chdir(FOLDER)
    warnings.simplefilter("ignore")
    for function in STEPS:
        began = time.monotonic()
        try:
            function()
            line = {"step": function.__name__, "passed": True, "why": ""}
        except Exception:
            line = {"step": function.__name__, "passed": False, "why": traceback.format_exc()}
        watch.settle(line["passed"])
        line["seconds"] = round(time.monotonic() - began, 2)
        print("STEP " + json.dumps(line), flush=True)
    for label in watch.ALL:
        print("METHOD " + json.dumps({"method": label, "passed": label in watch.PASSED}))


if __name__ == "__main__":
    main()
