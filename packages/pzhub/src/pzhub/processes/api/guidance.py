"""What clients ask before a run, while it goes on, and to have it once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.processes.api.config import read_config
from pzhub.processes.api.serializers import ProcessOut
from pzhub.processes.pipelines import output_format_of, spec_of, validate_parameters
from pzhub.processes.selectors import progress_of, wire_status
from pzhub.processes.services import rerun_process


class ConfigIn(serializers.Serializer[Any]):
    """The configuration of a run that is not submitted."""

    used_config = serializers.JSONField(required=False, allow_null=True, default=None)


class ConfigOut(serializers.Serializer[Any]):
    """The configuration as the pipeline understands it, complete with defaults."""

    param = serializers.DictField()
    output_format = serializers.CharField()


class StageOut(serializers.Serializer[Any]):
    """One stage of a run."""

    name = serializers.CharField()
    fraction = serializers.FloatField()
    message = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=["done", "current"])
    started_at = serializers.CharField(allow_null=True)
    seen_at = serializers.CharField(allow_null=True)


class ProgressOut(serializers.Serializer[Any]):
    """How far a run is; ``fraction`` is of the whole, 0 to 1."""

    id = serializers.IntegerField()
    status = serializers.CharField()
    phase = serializers.CharField()
    comment = serializers.CharField(allow_null=True)
    stages = StageOut(many=True)
    stage_index = serializers.IntegerField()
    stage_count = serializers.IntegerField()
    fraction = serializers.FloatField()
    message = serializers.CharField(allow_blank=True)


class ParameterGuidance:
    """What may be asked of a pipeline, and whether something may."""

    get_object: Any

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"])
    def parameters(self, request: Request, pk: str) -> Response:
        """Return the JSON schema of the parameters: types, limits, defaults, meanings."""
        return Response(spec_of(self.get_object()).parameters.model_json_schema())

    @extend_schema(request=ConfigIn, responses=ConfigOut)
    @action(detail=True, methods=["post"])
    def validate(self, request: Request, pk: str) -> Response:
        """Return the configuration complete with defaults, or refuse it; nothing is run or read."""
        pipeline = self.get_object()
        sent = ConfigIn(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = read_config(pipeline, sent.validated_data["used_config"], has_flags_file=False)
        parameters = validate_parameters(pipeline.name, asked.parameters)
        wanted = asked.output_format or parameters.get("output_format")
        shown = {
            "param": parameters,
            "output_format": output_format_of(pipeline.name, wanted, []),
        }
        return Response(ConfigOut(shown).data)


class RunGuidance:
    """How far a run is, and the same run once more."""

    actor: Any
    get_object: Any
    render: Callable[..., Response]

    @extend_schema(responses=ProgressOut)
    @action(detail=True, methods=["get"])
    def progress(self, request: Request, pk: str) -> Response:
        """Return the stages of a run and how far it is."""
        process = self.get_object()
        shown = {
            **progress_of(process),
            "id": process.pk,
            "status": wire_status(process),
            "phase": process.phase,
            "comment": process.comment,
        }
        return Response(ProgressOut(shown).data)

    @extend_schema(request=None, responses={201: ProcessOut})
    @action(detail=True, methods=["post"])
    def rerun(self, request: Request, pk: str) -> Response:
        """Submit the same run again: same inputs and parameters, a new process and product."""
        process = rerun_process(actor=self.actor, process=self.get_object())
        rendered: Response = self.render(process, status.HTTP_201_CREATED)
        return rendered
