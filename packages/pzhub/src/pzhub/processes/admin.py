"""Administration of processes: pipelines are switched here, runs are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from pzhub.processes.models import Pipeline, Process

if TYPE_CHECKING:
    PipelineBase = admin.ModelAdmin[Pipeline]
    ProcessBase = admin.ModelAdmin[Process]
else:
    PipelineBase = ProcessBase = admin.ModelAdmin


@admin.register(Pipeline)
class PipelineAdmin(PipelineBase):
    """The switch of each pipeline."""

    list_display = ("name", "is_enabled", "created_at")
    readonly_fields = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Pipelines come from the registry."""
        return False


@admin.register(Process)
class ProcessAdmin(ProcessBase):
    """Runs, to look at: their phases are the reconciler's."""

    list_display = ("id", "display_name", "pipeline", "user", "phase", "attempt", "created_at")
    list_filter = ("phase", "pipeline")
    search_fields = ("display_name", "user__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs are submitted through the service."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Process | None = None) -> bool:
        """Nobody writes phases by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Process | None = None) -> bool:
        """The record of a run is the provenance of its product."""
        return False
