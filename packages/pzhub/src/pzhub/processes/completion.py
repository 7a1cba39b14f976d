"""What a publication means for the run that made the product.

Apart from the services: it is loaded with the app, and must load little.
"""

from __future__ import annotations

from django.utils import timezone

from pzhub.catalog.models import Product
from pzhub.core.audit import record
from pzhub.notices.models import NoticeKind
from pzhub.processes.models import Phase, Process
from pzhub.processes.telling import tell_owner
from pzhub.processes.transitions import move


def complete_process(product: Product) -> None:
    """Complete the run that made a product, in the transaction that publishes the product."""
    process = Process.objects.filter(upload=product, phase=Phase.COLLECTING).first()
    if process is None:
        return  # not the result of a run, or completed before
    now = timezone.now()
    if move(process.pk, Phase.COLLECTING, Phase.COMPLETED, ended_at=now, error=None, comment=None):
        record(actor=None, action="process-completed", target=process)
        tell_owner(process, NoticeKind.JOB_DONE)
