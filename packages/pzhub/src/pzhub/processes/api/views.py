"""Views of pipelines and processes: parse, one call, render."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.catalog.selectors import product_for, products_visible_to
from pzhub.config import hub_config
from pzhub.core.api.filters import PzOrdering
from pzhub.core.api.views import PzView, PzViewSet
from pzhub.core.errors import InvalidError, TooLargeError
from pzhub.processes.api.config import read_config
from pzhub.processes.api.filters import PipelineFilters, PipelineSearch, ProcessFilters
from pzhub.processes.api.guidance import ParameterGuidance, RunGuidance
from pzhub.processes.api.serializers import (
    LogsOut,
    PipelineOut,
    PreflightIn,
    ProcessIn,
    ProcessOut,
    SysInfoOut,
)
from pzhub.processes.models import Pipeline, Process
from pzhub.processes.pipelines import (
    FLAGS_PARAMETER,
    flags_translation_of,
    pipeline_specs,
    preflight,
)
from pzhub.processes.selectors import (
    error_output_of,
    inputs_of,
    log_of,
    pipelines_list,
    processes_visible_to,
    queue_counts,
)
from pzhub.processes.services import (
    check_release,
    products_named,
    request_stop,
    submit_process,
)
from pzhub.uploads.receive import staged_upload
from pzhub.uploads.services.staged import StagedFile

#: Most of a log in one answer, bytes; the rest follows from ``next_offset``.
LOG_ANSWER_BYTES: Final = 1_000_000


class PipelineViewSet(
    ParameterGuidance, mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[Pipeline]
):
    """The pipelines that users may run."""

    serializer_class = PipelineOut
    filterset_class = PipelineFilters
    filterset_names = ("id", "name")
    filter_backends = (DjangoFilterBackend, PipelineSearch, PzOrdering)
    search_fields = ("display_name", "description")
    ordering_fields = ("id", "name", "created_at")
    ordering = ("id",)
    required_scope = "read"  # asking ahead changes nothing

    def get_queryset(self) -> QuerySet[Pipeline]:
        """Return those that are switched on."""
        return pipelines_list()

    @extend_schema(request=PreflightIn, responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["post"])
    def preflight(self, request: Request, pk: str) -> Response:
        """Tell per catalog what a run would do with it, without running."""
        pipeline = self.get_object()
        sent = PreflightIn(data=request.data, context={"actor": self.actor})
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        asked = read_config(pipeline, values["used_config"], has_flags_file=False)
        products = products_named(actor=self.actor, keys=values["inputs"])
        release = values["release"]
        check_release(actor=self.actor, pipeline=pipeline, release=release)
        return Response(preflight(pipeline.name, asked.parameters, products, release=release))


class ProcessViewSet(
    RunGuidance, mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[Process]
):
    """Runs: the caller's own; all of them for administrators."""

    serializer_class = ProcessOut
    filterset_class = ProcessFilters
    search_fields = ("display_name", "user__username", "user__first_name", "user__last_name")
    ordering_fields = ("id", "created_at")
    ordering = ("-id",)
    required_scope = "run"

    def get_queryset(self) -> QuerySet[Process]:
        """Return what the caller may see."""
        return processes_visible_to(self.actor)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return a serializer that knows which inputs of its rows the caller may see."""
        context = dict(self.get_serializer_context())
        if args:
            rows = args[0] if kwargs.get("many") else [args[0]]
            context["visible_inputs"] = self._visible_inputs(rows)
        return super().get_serializer(*args, **{"context": context, **kwargs})

    def _visible_inputs(self, rows: Sequence[Process]) -> set[int]:
        keys = {product.pk for row in rows for product in inputs_of(row)}
        visible = products_visible_to(self.actor, include_deleted=True).filter(pk__in=keys)
        return set(visible.order_by().values_list("pk", flat=True))

    @extend_schema(request=ProcessIn, responses={201: ProcessOut})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Submit a run; it waits for its turn."""
        flags = _flags_upload(request)
        sent = ProcessIn(data=request.data, context={"actor": self.actor})
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        pipeline = values["pipeline"]
        asked = read_config(pipeline, values["used_config"], has_flags_file=flags is not None)
        process = submit_process(
            actor=self.actor,
            pipeline=pipeline,
            display_name=values["display_name"],
            inputs=products_named(actor=self.actor, keys=values["inputs"]),
            parameters=asked.parameters,
            output_format=_format_asked(values["output_format"]) or asked.output_format,
            description=values["description"],
            release=values["release"],
            pz_code=values["pz_code"],
            official_product=values["official_product"],
            flags_translation=flags,
        )
        return self.render(process, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ProcessOut)
    # contract: the published client stops with GET; a cookie alone does not suffice for it.
    @action(detail=True, methods=["get", "post"], get_has_effects=True)
    def stop(self, request: Request, pk: str) -> Response:
        """Ask for a run to be stopped; one that has ended stays as it is."""
        return self.render(request_stop(actor=self.actor, process=self.get_object()))

    @extend_schema(
        parameters=[OpenApiParameter("offset", int, description="First byte of the log.")],
        responses=LogsOut,
    )
    @action(detail=True, methods=["get"])
    def logs(self, request: Request, pk: str) -> Response:
        """Return the log of the pipeline, and what its program wrote to standard error."""
        process = self.get_object()
        content, next_offset = log_of(process, _offset_asked(request), LOG_ANSWER_BYTES)
        errors = error_output_of(process)
        return Response(
            {
                "pipeline": {
                    "filename": ["pipeline.log"] if content else [],
                    "content": content,
                },
                "slurm": {"filename": ["run.err"] if errors else [], "content": errors},
                "next_offset": next_offset,
            }
        )


def _flags_upload(request: Request) -> StagedFile | None:
    """Return the rule file that came with the form, if one did."""
    refusal = getattr(request._request, "upload_refusal", None)
    if FLAGS_PARAMETER in request.FILES or isinstance(refusal, TooLargeError):
        return staged_upload(request._request, FLAGS_PARAMETER)
    return None


def _format_asked(value: str | None) -> str | None:
    # contract: the site of old sends "specz" for "as the input".
    return None if value in (None, "", "specz") else value


def _offset_asked(request: Request) -> int:
    text = request.query_params.get("offset", "0")
    if not text.isdecimal() or len(text) > 15:
        message = f"{text!r} is not an offset: a number of bytes from 0 is expected."
        raise InvalidError(message, fields={"offset": [message]})
    return int(text)


class ProcessConfigView(PzView):
    """How the run that made a product was configured."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: str) -> Response:
        """Return parameters and, where its owner gave one, the rule file; nothing for uploads."""
        product = product_for(self.actor, pk)
        process = getattr(product, "process", None)
        if process is None:
            return Response({})
        shown: dict[str, Any] = {"config": process.used_config["param"]}
        if (rules := flags_translation_of(process)) is not None:
            shown["flag_translation"] = rules
        return Response(shown)


class SysInfoView(PzView):
    """What runs here."""

    @extend_schema(responses=SysInfoOut)
    def get(self, request: Request) -> Response:
        """Return versions and how busy the runner is."""
        waiting, running = queue_counts()
        return Response(
            {
                "version": version("pzhub"),
                "pipelines": {name: spec.version for name, spec in pipeline_specs().items()},
                "runners": ["local"],
                "slots": hub_config().pipeline_slots,
                "waiting": waiting,
                "running": running,
            }
        )
