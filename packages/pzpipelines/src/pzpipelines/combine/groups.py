"""Groups: rows that are linked by pairs, directly or through others."""

from __future__ import annotations

import numpy as np

from pzpipelines.arrays import BoolArray, IntArray


def label_groups(n_rows: int, pairs: IntArray, is_star: BoolArray) -> IntArray:
    """Label each row with the first row of its group.

    Groups are the connected components of the rows that are not stars; a star
    is always alone.

    Parameters
    ----------
    n_rows
        How many rows there are.
    pairs
        Row numbers of each pair, shape ``(m, 2)``.
    is_star
        Shape ``(n_rows,)``.

    Returns
    -------
    labels, shape ``(n_rows,)``: ``labels[i] <= i``, equal within a group and nowhere else
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    labels = np.arange(n_rows)
    links = pairs[~(is_star[pairs[:, 0]] | is_star[pairs[:, 1]])]
    if len(links) == 0:
        return labels
    # Only linked rows enter the graph: most rows of a large sky are alone.
    is_linked = np.zeros(n_rows, dtype=np.bool_)
    is_linked[links] = True
    linked = np.flatnonzero(is_linked)
    node = np.cumsum(is_linked) - 1
    edges = (np.ones(len(links), np.int8), (node[links[:, 0]], node[links[:, 1]]))
    graph = coo_array(edges, shape=(len(linked), len(linked)))
    count, component = connected_components(graph, directed=False)
    first = np.empty(count, dtype=np.int64)
    first[component[::-1]] = linked[::-1]  # the last one written is the first row
    labels[linked] = first[component]
    return labels


def number_groups(labels: IntArray) -> IntArray:
    """Number groups 1, 2, 3 … by first appearance.

    Parameters
    ----------
    labels
        Labels of the rows in output order (a subset of what `label_groups`
        returned), shape ``(n,)``, not negative.

    Returns
    -------
    group numbers, shape ``(n,)``
    """
    if len(labels) == 0:
        return np.empty(0, dtype=np.int64)
    first = np.empty(int(labels.max()) + 1, dtype=np.int64)
    places = np.arange(len(labels))
    first[labels[::-1]] = places[::-1]  # the last one written is the first appearance
    first_of_row = first[labels]
    numbers: IntArray = np.cumsum(first_of_row == places)[first_of_row]
    return numbers
