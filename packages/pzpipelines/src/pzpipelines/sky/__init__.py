"""Geometry on the sphere: vectors, pairs, neighbours, HEALPix partitions with margins."""
