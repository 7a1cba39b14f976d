"""What a table looks like: statistics, histograms, N(z), sky, checks; computed once.

Issue by issue this grows by sections; each is a module with a class that looks at batches.
"""

from pztables.profile.build import PROFILE_VERSION, build_profile

__all__ = ["PROFILE_VERSION", "build_profile"]
