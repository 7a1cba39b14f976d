"""What a run would do with the chosen catalogs, in the words of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from pzhub.catalog.models import Product
from pzhub.processes.pages.forms import PIPELINE, CombineForm, products_of
from pzhub.processes.pipelines import check_flags_translation, min_inputs, preflight
from pzhub.uploads.services.staged import StagedFile
from pztables.errors import UserError


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a run cannot start: a sentence, and the catalog that it is about."""

    code: str
    message: str
    product: Product | None = None
    surveys: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogCheck:
    """A chosen catalog: how its flags will be read, how many rows stay, what is wrong."""

    product: Product
    path: str
    rows_in: int | None
    rows_kept: int | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preflight:
    """The whole check."""

    catalogs: Sequence[CatalogCheck] = ()
    problems: Sequence[Problem] = ()
    rows_in: int | None = None
    rows_kept: int | None = None
    is_checked: bool = False


def preflight_of(form: CombineForm, rules: StagedFile | None = None) -> Preflight:
    """Check a validated form against the data; refusals become problems, never errors."""
    products = products_of(form)
    if len(products) < min_inputs(PIPELINE):
        return Preflight(catalogs=[_unchecked(product) for product in products])
    if not form.is_bound or any(name != "display_name" for name in form.errors):
        return Preflight(catalogs=[_unchecked(product) for product in products])
    try:
        if rules is not None:
            check_flags_translation(rules.path, rules.name)
        path = rules.path if rules is not None else None
        report = preflight(PIPELINE, form.parameters, products, flags_translation=path)
    except UserError as refusal:
        problem = Problem(refusal.code, refusal.message)
        return Preflight([_unchecked(product) for product in products], [problem])
    return _read(report, products)


def _unchecked(product: Product) -> CatalogCheck:
    files = getattr(product, "main_files", [])
    return CatalogCheck(product, "", files[0].n_rows if files else None, None)


def _read(report: Mapping[str, Any], products: Sequence[Product]) -> Preflight:
    by_id = {product.pk: product for product in products}
    catalogs = [_catalog(entry, by_id[entry["product_id"]]) for entry in report["catalogs"]]
    problems = [problem for catalog in catalogs for problem in catalog.problems]
    problems += [Problem(entry["code"], entry["message"]) for entry in report["problems"]]
    return Preflight(catalogs, problems, report["rows_in"], report["rows_kept"], is_checked=True)


def _survey_problem(product: Product, surveys: tuple[Mapping[str, Any], ...]) -> Problem:
    text = _("Without a rule for its survey, a quality flag cannot be read:")
    return Problem("unsupported_survey", text, product, surveys)


def _catalog(entry: Mapping[str, Any], product: Product) -> CatalogCheck:
    surveys = tuple(entry["unsupported_surveys"])
    problems = tuple(
        _survey_problem(product, surveys)
        if problem["code"] == "unsupported_survey"
        else Problem(problem["code"], problem["message"], product)
        for problem in entry["problems"]
    )
    return CatalogCheck(
        product,
        entry["path"] or "",
        entry["rows_in"],
        entry["rows_kept"],
        problems,
        tuple(warning["message"] for warning in entry["warnings"]),
    )
