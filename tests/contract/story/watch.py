"""Which public methods of the published client were called, and returned, in steps that passed.

The client itself stays as it is: each method is called through, and its return is noted.
"""

import functools
import inspect

import pzserver
from pzserver import catalog, communicate, core, pipeline, process, product, upload

_CLASSES = [
    core.PzServer,
    communicate.PzRequests,
    upload.PzUpload,
    upload.UploadData,
    product.PzProduct,
    pipeline.Pipeline,
    process.Process,
    process.CRCProcess,
    process.TSMProcess,
    catalog.Catalog,
    catalog.SpeczCatalog,
    catalog.TrainingSet,
]
#: Of this step; of all steps that passed.
_NOW: set[str] = set()
PASSED: set[str] = set()
ALL: list[str] = []


def watch():
    """Note from now on what returns."""
    for owner in _CLASSES:
        for name, member in list(vars(owner).items()):
            if name.startswith("_") or "validate" in name:  # pydantic calls its validators
                continue
            label = f"{owner.__name__}.{name}"
            if inspect.isfunction(member):
                setattr(owner, name, _noted(label, member))
            elif isinstance(member, staticmethod):
                setattr(owner, name, staticmethod(_noted(label, member.__func__)))
            elif isinstance(member, property):
                setattr(owner, name, property(_noted(label, member.fget), member.fset))
            else:
                continue
            ALL.append(label)
    pzserver.get_version = _noted("get_version", pzserver.get_version)
    ALL.append("get_version")


def _noted(label, function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        result = function(*args, **kwargs)
        _NOW.add(label)
        return result

    return call


def settle(passed):
    """Count what returned since the last step, if that one passed."""
    if passed:
        PASSED.update(_NOW)
    _NOW.clear()
