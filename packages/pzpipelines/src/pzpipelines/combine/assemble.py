"""The table of a prepared catalog: its columns, their order and their types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pzpipelines import values
from pzpipelines.combine import kept_columns
from pzpipelines.combine.association import HOMOGENIZED_FLAG, HOMOGENIZED_TYPE
from pzpipelines.combine.catalog_columns import RawCatalog, Roles
from pzpipelines.combine.flags import Path
from pzpipelines.combine.homogenize import HomogenizedColumns
from pzpipelines.combine.parameters import CombineParameters
from pzpipelines.combine.rules import RuleSet
from pztables.errors import UserError

#: Columns of the ``explain`` option: which rule gave a row its flag and its type.
FLAG_RULE = "z_flag_rule"
TYPE_RULE = "instrument_type_rule"


class EarlierResultError(UserError):
    """The column ``tie_result`` of a catalog is not what a combination writes."""

    code = "invalid_tie_result"


def carried_names(parameters: CombineParameters) -> tuple[str, ...]:
    """Return the tie-breaking columns that are carried along.

    Raises
    ------
    PriorityError
        If one cannot decide, or clashes with an extra column.
    """
    names = [*(parameters.tiebreaking_priority or ()), *parameters.collapse_priority]
    carried = kept_columns.priority_columns(names)
    kept_columns.refuse_clashes(parameters.extra, carried)
    return carried


@dataclass(frozen=True, slots=True)
class Assembly:
    """Puts the columns of the prepared table together, for all rows."""

    catalog: RawCatalog
    roles: Roles
    homogenized: HomogenizedColumns
    rules: RuleSet
    parameters: CombineParameters

    def table(self, prefix: str) -> pa.Table:
        """Return the prepared table, before anything is dropped."""
        roles, name = self.roles, self.catalog.name
        types = self.homogenized.type
        columns: dict[str, Any] = {
            "CRD_ID": _crd_ids(prefix, self.catalog.n_rows),
            "id": roles.id,
            **{role: values.nullable(getattr(roles, role)) for role in ("ra", "dec", "z")},
            **{role: values.nullable(getattr(roles, role)) for role in ("z_flag", "z_err")},
            "instrument_type": (types.values if types.path is Path.TYPE else roles.instrument_type),
            "survey": roles.survey,
            "source": roles.source,
        }
        if self.catalog.association.is_product:
            columns["source_original"] = self._original_source()
        columns["tie_result"] = self._earlier_result()
        columns[HOMOGENIZED_FLAG] = values.nullable(self.homogenized.flag.values)
        columns[HOMOGENIZED_TYPE] = types.values
        for column in carried_names(self.parameters):
            raw = self.catalog.raw(self._priority_source(column))
            columns[column] = kept_columns.priority_values(raw, catalog=name, name=column)
        for column, array in {**self._expression_columns(), **self._extra_columns()}.items():
            columns[column] = array
        if self.parameters.explain:
            columns |= self._explanations()
        return pa.table(columns)

    def _original_source(self) -> pa.Array:
        """Return where each row of an earlier product came from in the first place."""
        sources = [
            values.texts(self.catalog.raw(column), catalog=self.catalog.name, name=column)
            for column in ("source_original", "source")
            if column in self.catalog.association.raw_names
        ]
        return pc.coalesce(*sources)

    def _earlier_result(self) -> pa.Array:
        """Return the verdict that each row came with, 1 for fresh ones."""
        n_rows = self.catalog.n_rows
        has_verdict = "tie_result" in self.catalog.association.raw_names
        if not has_verdict or self.parameters.reset_previous_results:
            return pa.array(np.ones(n_rows, np.int8))
        raw = self.catalog.raw("tie_result")
        results = values.numbers(raw, catalog=self.catalog.name, name="tie_result")
        results = np.where(np.isnan(results), 1.0, results)
        if not np.isin(results, (0, 1, 2, 3)).all():
            wrong = np.unique(results[~np.isin(results, (0, 1, 2, 3))])[:5].tolist()
            raise EarlierResultError(
                f"{self.catalog.name}: the column tie_result may hold 0, 1, 2 or 3, not "
                f"{', '.join(map(str, wrong))}; rename it, or set reset_previous_results",
                catalog=self.catalog.name,
                examples=wrong,
            )
        return pa.array(results.astype(np.int8))

    def _priority_source(self, name: str) -> str:
        raw_name = self.catalog.association.raw_name_of(name)
        if raw_name is None:
            raise kept_columns.missing_priority(name, self.catalog.name, self.catalog.association)
        return raw_name

    def _expression_columns(self) -> dict[str, pa.Array]:
        if not self.parameters.save_expr_columns:
            return {}
        schema = dict(self.parameters.expr_column_schema or {})
        types = kept_columns.expression_types(self.rules, schema)
        taken = {*carried_names(self.parameters), *(each.name for each in self.parameters.extra)}
        found = {}
        for name, word in types.items():
            raw_name = self.catalog.association.raw_name_of(name)
            if name not in taken:
                found[name] = (
                    pa.nulls(self.catalog.n_rows, kept_columns.ARROW_TYPES[word])
                    if raw_name is None
                    else kept_columns.lenient(
                        self.catalog.raw(raw_name), word, catalog=self.catalog.name, name=name
                    )
                )
        return found

    def _extra_columns(self) -> dict[str, pa.Array]:
        raw_names = self.catalog.association.raw_names
        return {
            column.name: kept_columns.converted(
                self.catalog.raw(column.source),
                column.type,
                catalog=self.catalog.name,
                name=column.source,
            )
            if column.source in raw_names
            else pa.nulls(self.catalog.n_rows, kept_columns.ARROW_TYPES[column.type])
            for column in self.parameters.extra
        }

    def _explanations(self) -> dict[str, pa.Array]:
        found = {}
        for name, column in (
            (FLAG_RULE, self.homogenized.flag),
            (TYPE_RULE, self.homogenized.type),
        ):
            if column.rule_words is None:
                found[name] = pa.repeat(column.path.value, self.catalog.n_rows)
            else:
                found[name] = values.take_texts(column.rule_words, column.rule_codes)
        return found


def _crd_ids(prefix: str, n_rows: int) -> pa.Array:
    """Return ``CRD<prefix>_<n>`` for n from 1."""
    numbers: NDArray[np.int64] = np.arange(1, n_rows + 1)
    return pc.binary_join_element_wise(f"CRD{prefix}_", pa.array(numbers).cast(pa.string()), "")
