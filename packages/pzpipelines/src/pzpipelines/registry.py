"""The pipelines there are: names, versions, what they take and give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pztables.errors import UserError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pzpipelines.runtime.job import Job, JobInput, JobObjects
    from pzpipelines.runtime.outcome import Outcome
    from pzpipelines.runtime.workspace import Workspace


class UnknownPipelineError(UserError):
    """There is no pipeline of that name."""

    code = "unknown_pipeline"


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A pipeline as its callers know it; its code is imported when first used.

    Attributes
    ----------
    name, display_name, version, description
        Name on the wire, name for people, semantic version, one sentence.
    product_types_accepted
        Product types that inputs may have.
    output_product_type, output_name, output_formats
        What a run makes: product type, usual file stem, formats it can write.
    package
        Where ``parameters``, ``preflight`` and ``run`` are.
    needs_objects
        Whether a job names the object catalog of a release.
    """

    name: str
    display_name: str
    version: str
    description: str
    product_types_accepted: tuple[str, ...]
    output_product_type: str
    output_name: str
    output_formats: tuple[str, ...]
    package: str
    needs_objects: bool = False

    @property
    def parameters(self) -> type[BaseModel]:
        """The parameters model."""
        model: type[BaseModel] = import_module(f"{self.package}.parameters").PARAMETERS
        return model

    @property
    def run(self) -> Callable[[Job, Workspace], Outcome]:
        """The program: job and workspace in, outcome out."""
        program: Callable[[Job, Workspace], Outcome] = import_module(f"{self.package}.run").run
        return program

    def default_parameters(self) -> dict[str, Any]:
        """Return every parameter with its default, ready for JSON."""
        return self.parameters().model_dump(mode="json")

    def validate(self, parameters: Mapping[str, Any]) -> BaseModel:
        """Check parameters.

        Raises
        ------
        UserError
            Naming the option, what is allowed and what resembles it.
        """
        validated: BaseModel = import_module(f"{self.package}.parameters").validate(parameters)
        return validated

    def preflight(
        self,
        parameters: Mapping[str, Any],
        inputs: Sequence[JobInput],
        objects: JobObjects | None = None,
    ) -> dict[str, Any]:
        """Tell what a run would do with the inputs, without running it.

        Parameters
        ----------
        parameters, inputs
            As of a job.
        objects
            The object catalog, for a pipeline that needs one (``needs_objects``).

        Raises
        ------
        UserError
            If the parameters or an input cannot be used at all.
        """
        look = import_module(f"{self.package}.preflight").preflight
        report: dict[str, Any] = (
            look(parameters, inputs, objects=objects)
            if self.needs_objects
            else look(parameters, inputs)
        )
        return report


PIPELINES: Final[Mapping[str, PipelineSpec]] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            PipelineSpec(
                name="combine_redshift_dedup",
                display_name="Combine Redshift Catalogs",
                version="1.0.0",
                description=(
                    "Concatenates redshift catalogs, unifies their quality flags and finds, "
                    "marks or removes repeated measurements of the same object."
                ),
                product_types_accepted=("redshift_catalog",),
                output_product_type="redshift_catalog",
                output_name="crd",
                output_formats=("parquet", "csv", "fits", "hdf5", "hats"),
                package="pzpipelines.combine",
            ),
            PipelineSpec(
                name="training_set_maker",
                display_name="Training Set Maker",
                version="1.0.0",
                description=(
                    "Matches a redshift catalog with the object catalog of a release: a table of "
                    "redshifts and photometry, divided into training and test."
                ),
                product_types_accepted=("redshift_catalog",),
                output_product_type="training_set",
                output_name="tsm",
                output_formats=("parquet", "csv", "fits", "hdf5", "hats"),
                package="pzpipelines.training",
                needs_objects=True,
            ),
        )
    }
)


def pipeline_named(name: str) -> PipelineSpec:
    """Return the pipeline of a wire name.

    Raises
    ------
    UnknownPipelineError
        Listing the names there are.
    """
    if name in PIPELINES:
        return PIPELINES[name]
    near = get_close_matches(name, PIPELINES, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UnknownPipelineError(
        f"{name!r} is not a pipeline; there is {', '.join(PIPELINES)}.{hint}",
        name=name,
        available=list(PIPELINES),
    )
