"""``python -m pztables.profile``: started by `pztables.profile.apart` only."""

import sys

from pztables.profile.apart import main

if __name__ == "__main__":
    sys.exit(main())
