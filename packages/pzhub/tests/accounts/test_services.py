"""Users and tokens: the services and what they refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from pzhub.accounts.models import ApiToken, TokenScope, User
from pzhub.accounts.policies import is_administrator
from pzhub.accounts.selectors import (
    authenticate_token,
    display_name_of,
    token_digest,
    token_of,
    tokens_of,
    user_named,
    users_list,
)
from pzhub.accounts.services import (
    TokenNameTakenError,
    UsernameTakenError,
    create_token,
    create_user,
    replace_default_token,
    revoke_token,
)
from pzhub.config import hub_config
from pzhub.core.errors import ForbiddenError, InvalidError, NotFoundError
from pzhub.core.models import AuditEntry


@pytest.mark.django_db
def test_a_user_has_a_display_name_groups_and_a_password() -> None:
    user = create_user(
        username="eva", password="long enough secret", email="Eva.Rio@Example.org", groups=["g"]
    )
    assert (user.display_name, user.email) == ("Eva.Rio", "Eva.Rio@example.org")
    assert user.check_password("long enough secret")
    assert [group.name for group in user.groups.all()] == ["g"]
    assert not is_administrator(user)
    assert user_named("eva") == user
    assert display_name_of(User(username="x", email="y@z")) == "y"
    assert display_name_of(User(username="x")) == "x"


def test_administrators_are_superusers_or_members_of_the_group(ana: User, admin: User) -> None:
    boss = create_user(username="boss", groups=["Admin"])
    assert [is_administrator(user) for user in (ana, admin, boss)] == [False, True, True]
    assert not boss.is_superuser
    boss.is_active = False
    assert not is_administrator(boss)


def test_a_login_name_is_given_once(ana: User) -> None:
    with pytest.raises(UsernameTakenError):
        create_user(username="ana")
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"username": "a b"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "eva", "email": "no address"}, "email"),
        ({"username": "eva", "password": "123"}, "password"),
    ],
)
def test_bad_names_and_weak_passwords_are_refused(
    admin: User, fields: dict[str, Any], bad: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        create_user(actor=admin, **fields)
    assert refusal.value.fields.keys() == {bad}
    assert User.objects.count() == 1


def test_an_unknown_user_is_not_found(ana: User) -> None:
    with pytest.raises(NotFoundError):
        user_named("nobody")


def test_inactive_users_are_not_listed(ana: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert list(users_list()) == [ana]


def test_a_token_is_kept_as_a_digest_only(ana: User) -> None:
    token, clear = create_token(user=ana, name="laptop", scope=TokenScope.READ, actor=ana)
    assert clear.startswith("pz_")
    assert len(clear) == 46
    stored = ApiToken.objects.filter(pk=token.pk).values().get()
    assert clear not in map(str, stored.values())
    assert (stored["digest"], stored["hint"]) == (token_digest(clear), clear[-4:])
    assert authenticate_token(clear) == token
    entry = AuditEntry.objects.get(action="token-created")
    assert clear not in str(entry.data)
    assert token.expires_at is not None
    lifetime = token.expires_at - timezone.now()
    assert abs(lifetime - timedelta(days=hub_config().token_days)) < timedelta(minutes=1)


def test_a_token_of_the_old_site_works_once_its_digest_is_stored(ana: User) -> None:
    old = "0123456789abcdef0123456789abcdef01234567"
    ApiToken.objects.create(user=ana, name="old", digest=token_digest(old), hint=old[-4:])
    found = authenticate_token(old)
    assert found is not None
    assert found.user == ana


@pytest.mark.parametrize("state", ["revoked", "expired", "inactive", "unknown"])
def test_a_token_that_should_not_work_does_not(ana: User, state: str) -> None:
    token, clear = create_token(user=ana, name="laptop")
    if state == "revoked":
        revoke_token(token=token, actor=ana)
    elif state == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif state == "inactive":
        User.objects.update(is_active=False)
    else:
        clear += "x"
    assert authenticate_token(clear) is None


def test_a_name_is_used_once_among_live_tokens(ana: User, bob: User) -> None:
    first, _ = create_token(user=ana, name="laptop", actor=ana)
    with pytest.raises(TokenNameTakenError):
        create_token(user=ana, name=" laptop ", actor=ana)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.create(user=ana, name="laptop", digest="x", hint="x")
    create_token(user=bob, name="laptop", actor=bob)
    revoke_token(token=first, actor=ana)
    second, _ = create_token(user=ana, name="laptop", actor=ana)
    assert list(tokens_of(ana)) == [second]
    assert token_of(ana, second.pk) == second
    with pytest.raises(NotFoundError):
        token_of(bob, second.pk)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\0b"])
def test_a_token_needs_a_proper_name(ana: User, name: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        create_token(user=ana, name=name)
    assert refusal.value.fields.keys() == {"name"}


def test_a_token_does_not_expire_in_the_past(ana: User) -> None:
    with pytest.raises(InvalidError) as refusal:
        create_token(user=ana, name="x", expires_at=timezone.now())
    assert refusal.value.fields.keys() == {"expires_at"}


def test_the_default_token_is_replaced_and_others_stay(ana: User) -> None:
    _, laptop = create_token(user=ana, name="laptop")
    old = replace_default_token(user=ana, actor=ana)
    new = replace_default_token(user=ana, actor=ana)
    works = {clear: authenticate_token(clear) is not None for clear in (laptop, old, new)}
    assert works == {laptop: True, old: False, new: True}


def test_only_the_owner_and_administrators_touch_tokens(ana: User, bob: User, admin: User) -> None:
    token, clear = create_token(user=ana, name="laptop")
    with pytest.raises(ForbiddenError):
        revoke_token(token=token, actor=bob)
    with pytest.raises(ForbiddenError):
        create_token(user=ana, name="spy", actor=bob)
    assert authenticate_token(clear) is not None
    revoke_token(token=token, actor=admin)
    revoke_token(token=token, actor=admin)
    assert authenticate_token(clear) is None
    assert AuditEntry.objects.filter(action="token-revoked").count() == 1
