"""Ensembles of redshift probability densities, as the library qp writes them.

They are read by h5py and astropy: the library itself, which loads more than data, is not needed.
"""

from pztables.qp.ensemble import Ensemble, is_ensemble, open_ensemble
from pztables.qp.model import Curve, Model, curve_of, densities, estimates_of
from pztables.qp.report import EnsembleTable, describe

__all__ = [
    "Curve", "Ensemble", "EnsembleTable", "Model", "curve_of", "densities", "describe",
    "estimates_of", "is_ensemble", "open_ensemble",
]  # fmt: skip
