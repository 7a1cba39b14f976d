"""What administrators do to accounts and groups, and that the last one cannot be locked out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from rest_framework.test import APIClient

from pzhub.accounts.models import ADMIN_GROUP, User
from pzhub.accounts.policies import is_administrator
from pzhub.accounts.services import (
    create_group,
    create_token,
    create_user,
    join_group,
    switch_user_off,
    switch_user_on,
    update_user,
)
from pzhub.catalog.models import Release
from pzhub.catalog.services import delete_group
from pzhub.core.errors import ConflictError, ForbiddenError, InvalidError
from pzhub.core.models import AuditEntry

AS_SHE_IS = {"display_name": "ana.lima", "email": "ana.lima@example.org"}


def acts() -> list[tuple[str, str, dict[str, object]]]:
    rows = AuditEntry.objects.exclude(action="user-created").order_by("id")
    return [(row.action, row.object_name, row.data) for row in rows]


@pytest.fixture
def site(admin: User) -> Client:
    """Return an administrator's browser, signed in."""
    client = Client()
    client.force_login(admin)
    return client


def test_a_change_is_written_with_what_was_given_and_taken(admin: User, ana: User) -> None:
    create_group(actor=admin, name="dp1-team")
    update_user(actor=admin, user=ana, **AS_SHE_IS, groups=["dp1-team"], is_admin=True)
    update_user(actor=admin, user=ana, **AS_SHE_IS, groups=["dp1-team"], is_admin=True)
    changed = update_user(
        actor=admin, user=ana, display_name="Ana", email=ana.email, groups=[], is_admin=False
    )

    assert acts() == [
        ("group-created", "dp1-team", {}),
        ("user-updated", "ana", {"is_admin": True, "joined": ["dp1-team"]}),
        (
            "user-updated",
            "ana",
            {"fields": ["display_name"], "is_admin": False, "left": ["dp1-team"]},
        ),
    ]
    assert not is_administrator(User.objects.get(pk=ana.pk))
    assert (changed.is_staff, changed.is_superuser, changed.groups.count()) == (False, False, 0)


def test_members_change_nobody(ana: User, bob: User) -> None:
    group = Group.objects.create(name="dp1-team")
    for act in (
        lambda: update_user(actor=ana, user=ana, **AS_SHE_IS, groups=[], is_admin=True),
        lambda: switch_user_off(actor=ana, user=bob),
        lambda: switch_user_on(actor=ana, user=bob),
        lambda: create_group(actor=ana, name="mine"),
        lambda: join_group(actor=ana, user=ana, group=group),
        lambda: delete_group(actor=ana, group=group),
    ):
        with pytest.raises(ForbiddenError):
            act()
    assert acts() == []


def test_the_last_administrator_stays_one(admin: User, ana: User) -> None:
    second = create_user(username="second", password="x", is_admin=True)
    with pytest.raises(ConflictError, match="your own account"):
        switch_user_off(actor=admin, user=admin)
    switch_user_off(actor=admin, user=second)

    with pytest.raises(ConflictError, match="last administrator"):
        update_user(actor=admin, user=admin, display_name="", email="", groups=[], is_admin=False)
    # One by the group alone counts as much as a superuser.
    ana.groups.add(Group.objects.get(name=ADMIN_GROUP))
    update_user(actor=admin, user=admin, display_name="", email="", groups=[], is_admin=False)
    with pytest.raises(ConflictError, match="last administrator"):
        update_user(
            actor=User.objects.get(pk=ana.pk), user=ana, **AS_SHE_IS, groups=[], is_admin=False
        )


def test_an_account_that_is_switched_off_ends_sessions_and_tokens(
    admin: User, ana: User, ana_site: Client
) -> None:
    _, clear = create_token(user=ana, name="laptop")
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Token {clear}")

    switch_user_off(actor=admin, user=ana)
    assert ana_site.get("/products").status_code == 302
    assert api.get("/api/products/").status_code == 401
    switch_user_on(actor=admin, user=ana)
    assert api.get("/api/products/").status_code == 200
    assert [act for act, _, _ in acts() if act.startswith("user-sw")] == [
        "user-switched-off",
        "user-switched-on",
    ]


def test_bad_addresses_and_unknown_groups_are_refused_at_their_fields(
    admin: User, ana: User
) -> None:
    with pytest.raises(InvalidError) as refused:
        update_user(actor=admin, user=ana, display_name="", email="x", groups=[], is_admin=False)
    assert set(refused.value.fields) == {"email"}
    with pytest.raises(InvalidError) as refused:
        update_user(actor=admin, user=ana, **AS_SHE_IS, groups=["no"], is_admin=False)
    assert set(refused.value.fields) == {"groups"}
    with pytest.raises(InvalidError) as refused:
        create_group(actor=admin, name=ADMIN_GROUP)
    assert set(refused.value.fields) == {"name"}


def test_a_group_that_a_release_is_open_to_stays(admin: User, closed_release: Release) -> None:
    group = closed_release.access_groups.get()
    with pytest.raises(ConflictError, match="LSST DP1"):
        delete_group(actor=admin, group=group)
    closed_release.access_groups.clear()
    delete_group(actor=admin, group=group)
    assert not Group.objects.filter(name=group.name).exists()


def test_the_page_asks_once_more_before_it_takes_something_away(
    site: Client, carla: User, closed_release: Release
) -> None:
    address = f"/administration/users/of/{carla.pk}"
    asked = site.post(address, {"display_name": "Carla", "email": ""})

    assert len(asked.context["losses"]) == 1
    assert carla.groups.count() == 1
    done = site.post(address, {"display_name": "Carla", "email": "", "confirm": "on"})
    assert done.status_code == 302
    assert carla.groups.count() == 0


def test_a_user_is_made_and_found(site: Client, ana: User) -> None:
    sent = {"username": "nina", "email": "nina@example.org", "password": "a long pass phrase"}
    assert site.post("/administration/users/new", sent).status_code == 302
    weak = site.post("/administration/users/new", {"username": "otto", "password": "1234"})
    assert "password" in weak.context["form"].errors

    def found(query: str) -> list[str]:
        page = site.get(f"/administration/users?{query}").context["page"]
        return [person.username for person in page]

    assert found("") == ["ana", "nina", "root"]
    assert found("q=example+nina") == ["nina"]
    assert found("kind=administrators") == ["root"]
    assert found("kind=off") == []


def test_somebody_joins_a_group_by_name(site: Client, ana: User) -> None:
    made = site.post("/administration/groups", {"name": "dp2-team"})
    address = made.headers["Location"]

    assert site.post(address, {"username": "nobody"}).status_code == 400
    assert site.post(address, {"username": "ana"}).status_code == 302
    assert [group.members for group in site.get("/administration/groups").context["groups"]] == [1]
