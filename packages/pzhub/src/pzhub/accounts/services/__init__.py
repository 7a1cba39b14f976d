"""Acts on accounts."""

from pzhub.accounts.services.people import (
    create_group,
    join_group,
    switch_user_off,
    switch_user_on,
    update_user,
)
from pzhub.accounts.services.tokens import (
    DEFAULT_TOKEN,
    TokenNameTakenError,
    create_token,
    note_token_use,
    replace_default_token,
    replace_token,
    revoke_token,
)
from pzhub.accounts.services.users import UsernameTakenError, create_user

__all__ = [
    "DEFAULT_TOKEN",
    "TokenNameTakenError",
    "UsernameTakenError",
    "create_group",
    "create_token",
    "create_user",
    "join_group",
    "note_token_use",
    "replace_default_token",
    "replace_token",
    "revoke_token",
    "switch_user_off",
    "switch_user_on",
    "update_user",
]
