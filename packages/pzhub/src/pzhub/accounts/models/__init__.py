"""Models of accounts."""

from pzhub.accounts.models.attempt import SignInAttempt
from pzhub.accounts.models.identity import ExternalIdentity
from pzhub.accounts.models.token import ApiToken, TokenScope
from pzhub.accounts.models.user import ADMIN_GROUP, User

__all__ = ["ADMIN_GROUP", "ApiToken", "ExternalIdentity", "SignInAttempt", "TokenScope", "User"]
