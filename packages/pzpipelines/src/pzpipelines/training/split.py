"""The division into training and test: by galaxy, by hash, exact to one galaxy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pzpipelines.arrays import BoolArray, FloatArray, IntArray

Hashes = NDArray[np.uint64]


def split_rows(
    groups: IntArray, keys: Hashes, stays: BoolArray, *, train_fraction: float, seed: int
) -> BoolArray:
    """Choose the rows for training.

    Galaxies are put in the order of a hash of their key and the seed; the first
    of them are for training, as many as bring their rows nearest to the fraction
    (of two equally near numbers the smaller).

    Parameters
    ----------
    groups
        Galaxy of each row, from 0 without gaps, shape ``(n,)``.
    keys
        Hash of what each row is, see `position_keys`, shape ``(n,)``; the key of
        a galaxy is the smallest of its rows.
    stays
        Rows that are in the result, shape ``(n,)``; the others only belong to
        the galaxies that they connect.
    train_fraction
        Between 0 and 1.
    seed
        Any integer of 64 bits.

    Returns
    -------
    True for training, shape ``(n,)``; independent of the order of the rows
    """
    if len(groups) == 0:
        return np.zeros(0, np.bool_)
    group_keys = np.full(int(groups.max()) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(group_keys, groups, keys)
    scores = mix(group_keys ^ mix(np.array([seed & (2**64 - 1)], dtype=np.uint64)))
    order = np.lexsort((group_keys, scores))
    sizes = np.bincount(groups[stays], minlength=len(group_keys))
    reached = np.concatenate([[0], np.cumsum(sizes[order])])
    n_groups = int(np.argmin(np.abs(reached - train_fraction * reached[-1])))
    chosen = np.zeros(len(group_keys), np.bool_)
    chosen[order[:n_groups]] = True
    return chosen[groups]


def position_keys(ra: FloatArray, dec: FloatArray) -> Hashes:
    """Return a hash of each position, the same on every machine.

    Parameters
    ----------
    ra, dec
        Degrees, shape ``(n,)``.
    """
    # Adding zero makes the two zeros one.
    ra_bits = (np.ascontiguousarray(ra, np.float64) + 0.0).view(np.uint64)
    dec_bits = (np.ascontiguousarray(dec, np.float64) + 0.0).view(np.uint64)
    return mix(mix(ra_bits) ^ np.bitwise_not(dec_bits))


def mix(values: Hashes) -> Hashes:
    """Spread 64-bit numbers over all 64-bit numbers, one to one (SplitMix64 of Steele et al.).

    Parameters
    ----------
    values
        Of type uint64.
    """
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Hashes = mixed ^ (mixed >> np.uint64(31))
    return result
