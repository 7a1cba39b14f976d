"""What the API takes and gives about pipelines and processes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from pzhub.catalog.api.serializers import ProductOut
from pzhub.catalog.models import ProductType, Release
from pzhub.catalog.selectors import releases_visible_to
from pzhub.processes.api.config import shown_config, system_config
from pzhub.processes.models import Pipeline, Process
from pzhub.processes.pipelines import spec_of
from pzhub.processes.policies import can_stop, is_owner
from pzhub.processes.selectors import inputs_of, pipelines_list, wire_status
from pzhub.processes.transitions import FINAL_PHASES


class PipelineOut(serializers.ModelSerializer[Pipeline]):
    """A pipeline with its defaults."""

    display_name = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    system_config = serializers.SerializerMethodField()
    output_formats = serializers.SerializerMethodField()
    output_product_type = serializers.SerializerMethodField()
    product_types_accepted = serializers.SerializerMethodField()

    class Meta:
        model = Pipeline
        fields = (
            "id",
            "name",
            "display_name",
            "version",
            "description",
            "created_at",
            "system_config",
            "output_formats",
            "output_product_type",
            "product_types_accepted",
        )

    def get_display_name(self, pipeline: Pipeline) -> str:
        """Return the name for people."""
        return spec_of(pipeline).display_name

    def get_version(self, pipeline: Pipeline) -> str:
        """Return the version that runs now."""
        return spec_of(pipeline).version

    def get_description(self, pipeline: Pipeline) -> str:
        """Return one sentence."""
        return spec_of(pipeline).description

    def get_system_config(self, pipeline: Pipeline) -> dict[str, Any]:
        """Return every parameter with its default."""
        return system_config(pipeline)

    def get_output_formats(self, pipeline: Pipeline) -> list[str]:
        """Return the formats that it can write."""
        return list(spec_of(pipeline).output_formats)

    def get_output_product_type(self, pipeline: Pipeline) -> int:
        """Return the id of the type of product that it makes."""
        return _type_ids([spec_of(pipeline).output_product_type])[0]

    def get_product_types_accepted(self, pipeline: Pipeline) -> list[int]:
        """Return the ids of the types that inputs may have."""
        return _type_ids(spec_of(pipeline).product_types_accepted)


def _type_ids(names: Any) -> list[int]:
    types = ProductType.objects.filter(name__in=list(names)).order_by("id")
    return list(types.values_list("pk", flat=True))


_RELEASE_MESSAGES: dict[str, Any] = {
    "does_not_exist": "There is no release {pk_value}, or you may not see it.",
    "incorrect_type": "A release is named by its id, a number.",
}


class ProcessIn(serializers.Serializer[Any]):
    """What a run is asked to do."""

    display_name = serializers.CharField(max_length=255)
    pipeline = serializers.PrimaryKeyRelatedField(queryset=Pipeline.objects.none())
    inputs = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), allow_empty=False
    )
    release = serializers.PrimaryKeyRelatedField(
        queryset=Release.objects.none(),
        required=False,
        allow_null=True,
        default=None,
        error_messages=_RELEASE_MESSAGES,
    )
    used_config = serializers.JSONField(required=False, allow_null=True, default=None)
    output_format = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default=None
    )
    description = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default=None
    )
    pz_code = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default=None, max_length=55
    )
    official_product = serializers.BooleanField(required=False, default=False)
    flags_translation_file = serializers.FileField(required=False, write_only=True)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, with what the caller may choose from."""
        fields: dict[str, Any] = super().get_fields()
        fields["pipeline"].queryset = pipelines_list()
        if "actor" in self.context:  # else only the documentation asks
            fields["release"].queryset = releases_visible_to(self.context["actor"])
        return fields


class PreflightIn(serializers.Serializer[Any]):
    """What is asked about a run that is not submitted."""

    inputs = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), allow_empty=False
    )
    release = serializers.PrimaryKeyRelatedField(
        queryset=Release.objects.none(),
        required=False,
        allow_null=True,
        default=None,
        error_messages=_RELEASE_MESSAGES,
    )
    used_config = serializers.JSONField(required=False, allow_null=True, default=None)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, with what the caller may choose from."""
        fields: dict[str, Any] = super().get_fields()
        if "actor" in self.context:  # else only the documentation asks
            fields["release"].queryset = releases_visible_to(self.context["actor"])
        return fields


class ProcessOut(serializers.ModelSerializer[Process]):
    """A run as its owner sees it."""

    release_name = serializers.CharField(
        source="release.display_name", default=None, allow_null=True
    )
    pipeline_name = serializers.CharField(source="pipeline.name")
    owned_by = serializers.CharField(source="user.username")
    is_owner = serializers.SerializerMethodField()
    can_stop = serializers.SerializerMethodField()
    provenance_inputs = serializers.SerializerMethodField()
    used_config = serializers.SerializerMethodField()
    # contract: there is no orchestrator beside the server; old readers look for its number.
    orchestration_process_id = serializers.IntegerField(source="pk")
    status = serializers.SerializerMethodField()
    path = serializers.SerializerMethodField()
    inputs = serializers.SerializerMethodField()

    class Meta:
        model = Process
        fields = (
            "id",
            "release",
            "release_name",
            "pipeline_name",
            "pipeline_version",
            "owned_by",
            "is_owner",
            "can_stop",
            "provenance_inputs",
            "used_config",
            "display_name",
            "created_at",
            "started_at",
            "ended_at",
            "orchestration_process_id",
            "status",
            "phase",
            "attempt",
            "path",
            "comment",
            "error",
            "summary",
            "versions",
            "pipeline",
            "upload",
            "inputs",
        )
        read_only_fields = fields

    def get_is_owner(self, process: Process) -> bool:
        """Return whether the caller submitted it."""
        return is_owner(process, self.context["request"].user)

    def get_can_stop(self, process: Process) -> bool:
        """Return whether the caller may stop it now."""
        goes_on = process.phase not in FINAL_PHASES and process.stop_requested_at is None
        return goes_on and can_stop(process, self.context["request"].user)

    @extend_schema_field(ProductOut(many=True))
    def get_provenance_inputs(self, process: Process) -> list[Any]:
        """Return the input products that the caller may see, in the order given."""
        visible = self.context["visible_inputs"]
        products = [product for product in inputs_of(process) if product.pk in visible]
        return [ProductOut(product, context=self.context).data for product in products]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_used_config(self, process: Process) -> dict[str, Any]:
        """Return the complete configuration."""
        return shown_config(process)

    def get_status(self, process: Process) -> str:
        """Return Pending, Running, Stopping, Successful, Failed or Stopped."""
        return wire_status(process)

    def get_path(self, process: Process) -> str:
        """Return the run's place below the folder of processes."""
        return process.path.removeprefix("processes/")

    def get_inputs(self, process: Process) -> list[int]:
        """Return the ids of the inputs in the order given."""
        return [product.pk for product in inputs_of(process)]


class LogPartOut(serializers.Serializer[Any]):
    """One log."""

    filename = serializers.ListField(child=serializers.CharField())
    content = serializers.CharField()


class LogsOut(serializers.Serializer[Any]):
    """The logs of a run, from an offset."""

    pipeline = LogPartOut()
    slurm = LogPartOut()
    next_offset = serializers.IntegerField()


class SysInfoOut(serializers.Serializer[Any]):
    """What runs here."""

    version = serializers.CharField()
    pipelines = serializers.DictField(child=serializers.CharField())
    runners = serializers.ListField(child=serializers.CharField())
    slots = serializers.IntegerField()
    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
