"""Galaxies among matched rows: what shares a redshift row, an identifier or an object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pzpipelines.arrays import IntArray
from pzpipelines.values import one_array
from pztables.numbers import is_text


def identities(columns: Sequence[pa.ChunkedArray]) -> IntArray:
    """Number rows by what they are called.

    Parameters
    ----------
    columns
        Together the identifier of a row (survey and id), each of length ``n``.

    Returns
    -------
    shape ``(n,)``: equal for rows with equal values; -1 where the last column has
    none (null, NaN or empty text), or holds lists or structures
    """
    numbers = codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes = _codes(one_array(column))
        width = int(codes.max(initial=0)) + 2
        numbers = _codes(pa.array(numbers * width + codes + 1))
    return np.where(codes < 0, -1, numbers)


def _codes(column: pa.Array) -> IntArray:
    """Return a number for each distinct value, from 0 without gaps, -1 for none."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    elif is_text(column.type):
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    elif pa.types.is_null(column.type) or pa.types.is_nested(column.type):
        return np.full(len(column), -1, dtype=np.int64)
    indices = column.dictionary_encode().indices  # by hash: quicker than sorting
    codes: IntArray = indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def connect(*links: IntArray) -> IntArray:
    """Find the groups of rows that are connected, directly or through others.

    Parameters
    ----------
    links
        Numbers of what each row has a part in (redshift row, identifier,
        object), each of shape ``(n,)``: rows with an equal number in one of
        them are connected; -1 connects nothing.

    Returns
    -------
    group of each row, shape ``(n,)``, from 0 without gaps
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_rows = len(links[0])
    rows, nodes, n_nodes = [], [], n_rows
    for link in links:
        has = np.flatnonzero(link != -1)
        numbers = _codes(pa.array(link[has]))
        rows.append(has)
        nodes.append(n_nodes + numbers)
        n_nodes += int(numbers.max(initial=-1)) + 1
    ends = np.concatenate(rows), np.concatenate(nodes)
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(n_nodes, n_nodes))
    # Every component has a row, and components are numbered as they are found: no gaps.
    labels: IntArray = connected_components(graph, directed=False)[1][:n_rows].astype(np.int64)
    return labels


def count_distinct(numbers: IntArray) -> int:
    """Return how many different numbers there are (many times quicker than numpy's hash set)."""
    if len(numbers) == 0:
        return 0
    ordered = np.sort(numbers)
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
