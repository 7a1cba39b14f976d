"""Ensembles of redshift probability densities, as the library qp writes them.

They are read by h5py and astropy: the library itself, which loads more than data, is not needed.
`pztables.qp.ensemble` opens files, `pztables.qp.report` describes them, and `pztables.qp.model`
computes densities from their parameters; the last needs numpy only.
"""
