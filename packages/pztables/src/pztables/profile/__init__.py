"""What a table looks like: statistics, histograms, N(z), sky, checks; computed once.

Each section is a module with a class that looks at batches.
"""

from pztables.profile.build import PROFILE_VERSION, Meaning, build_profile

__all__ = ["PROFILE_VERSION", "Meaning", "build_profile"]
