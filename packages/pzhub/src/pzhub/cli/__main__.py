"""``python -m pzhub.cli``."""

from pzhub.cli import main

main()
