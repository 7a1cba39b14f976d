"""Acts on processes: each whole or not at all, with its audit row."""

from pzhub.processes.services.finish import abort_process, fail_process
from pzhub.processes.services.register import register_pipelines
from pzhub.processes.services.stop import request_stop
from pzhub.processes.services.submit import (
    InputNotUsableError,
    InputTwiceError,
    TooFewInputsError,
    check_inputs,
    products_named,
    rerun_process,
    submit_process,
)

__all__ = [
    "InputNotUsableError",
    "InputTwiceError",
    "TooFewInputsError",
    "abort_process",
    "check_inputs",
    "fail_process",
    "products_named",
    "register_pipelines",
    "request_stop",
    "rerun_process",
    "submit_process",
]
