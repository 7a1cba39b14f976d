"""Models of the core."""

from pzhub.core.models.audit import AuditEntry
from pzhub.core.models.heartbeat import Heartbeat
from pzhub.core.models.lease import Lease

__all__ = ["AuditEntry", "Heartbeat", "Lease"]
