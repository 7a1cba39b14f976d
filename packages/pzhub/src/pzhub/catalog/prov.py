"""Provenance for machines: W3C PROV-JSON of the products around one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pzhub.catalog.lineage import Lineage, MakingRun, view_of
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus


def prov_document(lineage: Lineage, site: str) -> dict[str, Any]:
    """Return a PROV-JSON document: products are entities, runs activities, owners agents.

    Parameters
    ----------
    lineage
        What the reader may see around a product.
    site
        Address of the server with a slash at its end; names in the document are relative to it.
    """
    checksums = _checksums(lineage)
    entities = {
        _entity(product): _product_facts(product, checksums.get(pk, ""))
        for pk, product in lineage.products.items()
    }
    return {
        "prefix": {
            "pz": site,
            "prov": "http://www.w3.org/ns/prov#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "entity": entities,
        "activity": {_activity(run): _run_facts(lineage, run) for run in lineage.runs},
        "agent": {_agent(product): _agent_facts(product) for product in lineage.products.values()},
        **_relations(lineage),
    }


def _entity(product: Product) -> str:
    return f"pz:product/{product.internal_name or product.pk}"


def _activity(run: MakingRun) -> str:
    return f"pz:views/{-run.pk}" if run.is_view else f"pz:jobs/{run.pk}"


def _number(run: MakingRun) -> str:
    return f"view{-run.pk}" if run.is_view else str(run.pk)


def _agent(product: Product) -> str:
    return f"pz:users/{product.user.username}"


def _checksums(lineage: Lineage) -> dict[int, str]:
    """Return the SHA-256 of the main files that are still there."""
    living = [pk for pk, product in lineage.products.items() if not _is_deleted(product)]
    files = ProductFile.objects.filter(product__in=living, role=FileRole.MAIN).order_by()
    return dict(files.values_list("product_id", "sha256"))


def _is_deleted(product: Product) -> bool:
    return product.status == ProductStatus.DELETED


def _product_facts(product: Product, sha256: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "prov:label": product.display_name,
        "prov:type": {"$": f"pz:{product.product_type.name}", "type": "prov:QUALIFIED_NAME"},
        "pz:created": _time(product.created_at),
    }
    if product.release:
        facts["pz:release"] = product.release.display_name
    if product.official_product:
        facts["pz:official"] = True
    if sha256:
        facts["pz:sha256"] = sha256
    if product.deleted_at and _is_deleted(product):
        facts["pz:deleted"] = _time(product.deleted_at)
    return facts


def _run_facts(lineage: Lineage, run: MakingRun) -> dict[str, Any]:
    if run.is_view:
        return {"prov:label": run.label, **_view_facts(view_of(lineage.products[run.output]))}
    process = lineage.products[run.output].process
    facts: dict[str, Any] = {
        "prov:label": run.label,
        "pz:pipeline": process.pipeline.name,
        "pz:version": run.version,
    }
    if process.started_at:
        facts["prov:startTime"] = process.started_at.isoformat()
    if process.ended_at:
        facts["prov:endTime"] = process.ended_at.isoformat()
    if run.hides_inputs:
        facts["pz:incomplete"] = "Some inputs are not visible to the reader."
    return facts


def _agent_facts(product: Product) -> dict[str, Any]:
    user = product.user
    return {
        "prov:label": user.display_name or user.username,
        "prov:type": {"$": "prov:Person", "type": "prov:QUALIFIED_NAME"},
    }


def _view_facts(view: Any) -> dict[str, Any]:
    """Return which rows and columns were kept."""
    asked = {f"pz:{name}": str(value) for name, value in view.question.items()}
    return {**asked, "pz:rows": view.facts.get("rows", 0)}


def _relations(lineage: Lineage) -> dict[str, Any]:
    """Return what read, made and owns what, each relation under a name of its own."""
    used, generated, derived = {}, {}, {}
    for run in lineage.runs:
        made = _entity(lineage.products[run.output])
        by = {"prov:entity": made, "prov:activity": _activity(run)}
        generated[f"_:made{_number(run)}"] = by
        for pk in run.inputs:
            source = _entity(lineage.products[pk])
            used[f"_:read{_number(run)}.{pk}"] = {
                "prov:activity": _activity(run),
                "prov:entity": source,
            }
            derived[f"_:from{_number(run)}.{pk}"] = {
                "prov:generatedEntity": made,
                "prov:usedEntity": source,
                "prov:activity": _activity(run),
            }
    owned = {
        f"_:owner{pk}": {"prov:entity": _entity(product), "prov:agent": _agent(product)}
        for pk, product in lineage.products.items()
    }
    relations = {
        "used": used,
        "wasGeneratedBy": generated,
        "wasDerivedFrom": derived,
        "wasAttributedTo": owned,
    }
    return {name: rows for name, rows in relations.items() if rows}


def _time(moment: datetime) -> dict[str, str]:
    return {"$": moment.isoformat(), "type": "xsd:dateTime"}
