"""Acts on accounts."""

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
    "create_token",
    "create_user",
    "note_token_use",
    "replace_default_token",
    "replace_token",
    "revoke_token",
]
