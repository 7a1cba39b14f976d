"""Where the objects of the story are: the same for the client's Python and for ours."""

import numpy as np


def positions(seed, n_rows=60):
    """Return right ascension and declination, degrees; all seeds share the first half."""
    shared, own = np.random.default_rng(1), np.random.default_rng(seed)
    half = n_rows // 2
    ra = np.r_[shared.uniform(150, 151, half), own.uniform(150, 151, half)]
    dec = np.r_[shared.uniform(2, 3, half), own.uniform(2, 3, half)]
    return ra, dec, own
