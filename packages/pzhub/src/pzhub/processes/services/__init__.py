"""Acts on processes: each whole or not at all, with its audit row."""

from pzhub.processes.services.finish import abort_process, fail_process
from pzhub.processes.services.register import register_pipelines
from pzhub.processes.services.release import (
    ReleaseNeededError,
    ReleaseNotUsableError,
    check_release,
    releases_with_objects,
)
from pzhub.processes.services.release_choices import (
    Choices,
    disabled_names,
    selected_name,
)
from pzhub.processes.services.release_folders import (
    CatalogTooLargeError,
    describe_folder,
    folders_with_objects,
    register_in_folder,
)
from pzhub.processes.services.release_objects import (
    CheckReport,
    ObjectsNotUsableError,
    ReleaseExistsError,
    ReleaseWishes,
    check_release_objects,
    describe_usable,
    register_release,
    release_named,
    update_release,
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
    "CatalogTooLargeError",
    "CheckReport",
    "Choices",
    "InputNotUsableError",
    "InputTwiceError",
    "ObjectsNotUsableError",
    "ReleaseExistsError",
    "ReleaseNeededError",
    "ReleaseNotUsableError",
    "ReleaseWishes",
    "TooFewInputsError",
    "TooManyInputsError",
    "abort_process",
    "check_inputs",
    "check_release",
    "check_release_objects",
    "describe_folder",
    "describe_usable",
    "disabled_names",
    "fail_process",
    "folders_with_objects",
    "products_named",
    "register_in_folder",
    "register_pipelines",
    "register_release",
    "release_named",
    "releases_with_objects",
    "request_stop",
    "rerun_process",
    "selected_name",
    "submit_process",
    "update_release",
]
