"""Acts on processes: each whole or not at all, with its audit row."""

from pzhub.processes.services.finish import abort_process, fail_process
from pzhub.processes.services.register import register_pipelines
from pzhub.processes.services.release import (
    ReleaseNeededError,
    ReleaseNotUsableError,
    check_release,
    releases_with_objects,
)
from pzhub.processes.services.stop import request_stop
from pzhub.processes.services.submit import (
    InputNotUsableError,
    InputTwiceError,
    TooFewInputsError,
    TooManyInputsError,
    check_inputs,
    products_named,
    rerun_process,
    submit_process,
)

__all__ = [
    "InputNotUsableError",
    "InputTwiceError",
    "ReleaseNeededError",
    "ReleaseNotUsableError",
    "TooFewInputsError",
    "TooManyInputsError",
    "abort_process",
    "check_inputs",
    "check_release",
    "fail_process",
    "products_named",
    "register_pipelines",
    "releases_with_objects",
    "request_stop",
    "rerun_process",
    "submit_process",
]
