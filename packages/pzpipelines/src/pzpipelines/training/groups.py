"""Galaxies among matched rows: what shares a redshift row, an identifier or an object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pzpipelines.arrays import IntArray


def identities(columns: Sequence[pa.ChunkedArray]) -> IntArray:
    """Number rows by what they are called.

    Parameters
    ----------
    columns
        Together the identifier of a row (survey and id), each of length ``n``.

    Returns
    -------
    shape ``(n,)``: equal for rows with equal values; -1 where the last column has
    none (null, NaN or empty text)
    """
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes = _codes(column)
        width = int(codes.max(initial=0)) + 2
        numbers = np.unique(numbers * width + codes + 1, return_inverse=True)[1].astype(np.int64)
    return np.where(_codes(columns[-1]) < 0, -1, numbers)


def _codes(column: pa.ChunkedArray) -> IntArray:
    """Return a number for each distinct value, -1 for none."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    encoded = pa.chunked_array(column).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes: IntArray = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
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
        has = np.flatnonzero(link >= 0)
        distinct, numbers = np.unique(link[has], return_inverse=True)
        rows.append(has)
        nodes.append(n_nodes + numbers)
        n_nodes += len(distinct)
    ends = np.concatenate(rows), np.concatenate(nodes)
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(n_nodes, n_nodes))
    labels = connected_components(graph, directed=False)[1][:n_rows]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
