"""Writes of uploads."""

from pzhub.uploads.selectors import suggestions_for
from pzhub.uploads.services.begin import begin_draft, change_basics
from pzhub.uploads.services.drafts import expires_soon, expiry_of, sweep_drafts
from pzhub.uploads.services.files import receive_file, remove_file
from pzhub.uploads.services.inline import register_now
from pzhub.uploads.services.orphans import remove_orphans, sweep_orphans
from pzhub.uploads.services.profiles import make_profile, sweep_profiles, want_profile
from pzhub.uploads.services.quota import grant_allowance, limits_of, require_room_again
from pzhub.uploads.services.registration import (
    ensure_inspection,
    run_inspection,
    start_registration,
    sweep_inspections,
    wait_for_inspection,
)
from pzhub.uploads.services.results import register_result
from pzhub.uploads.services.resumable import (
    append_to_upload,
    arrived_bytes,
    begin_upload,
    cancel_upload,
    sweep_uploads,
)
from pzhub.uploads.services.reuse import copy_meanings, products_to_copy_from
from pzhub.uploads.services.roles import accept_suggestions, check_main_file
from pzhub.uploads.services.sanity import dismiss_doubt, doubts_about, mend_doubt
from pzhub.uploads.services.staged import StagedFile, stage_copy

__all__ = [
    "StagedFile",
    "accept_suggestions",
    "append_to_upload",
    "arrived_bytes",
    "begin_draft",
    "begin_upload",
    "cancel_upload",
    "change_basics",
    "check_main_file",
    "copy_meanings",
    "dismiss_doubt",
    "doubts_about",
    "ensure_inspection",
    "expires_soon",
    "expiry_of",
    "grant_allowance",
    "limits_of",
    "make_profile",
    "mend_doubt",
    "products_to_copy_from",
    "receive_file",
    "register_now",
    "register_result",
    "remove_file",
    "remove_orphans",
    "require_room_again",
    "run_inspection",
    "stage_copy",
    "start_registration",
    "suggestions_for",
    "sweep_drafts",
    "sweep_inspections",
    "sweep_orphans",
    "sweep_profiles",
    "sweep_uploads",
    "wait_for_inspection",
    "want_profile",
]
