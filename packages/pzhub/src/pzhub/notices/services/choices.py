"""What users want by mail."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.notices.models import MailChoice
from pzhub.notices.words import CHOICES


@transaction.atomic
def choose_mail(*, user: User, wanted: Collection[str]) -> None:
    """Keep which notices a user wants by mail; it is no act to be audited.

    Parameters
    ----------
    user
        Whose choice it is.
    wanted
        Names of `CHOICES`; the others are switched off.
    """
    for name, (_label, kinds, _by_mail) in CHOICES.items():
        for kind in kinds:
            MailChoice.objects.update_or_create(
                user=user, kind=kind, defaults={"wanted": name in wanted}
            )
