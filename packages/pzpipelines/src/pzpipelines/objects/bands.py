"""Which columns of an object catalog are photometry: `pztables.bands`, where profiles ask too."""

from pztables.bands import Band, Kind, Photometry, PhotometrySet, detect

__all__ = ["Band", "Kind", "Photometry", "PhotometrySet", "detect"]
