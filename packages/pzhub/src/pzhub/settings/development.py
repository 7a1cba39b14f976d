"""The embedded default: what `make run` serves on one machine."""

from pzhub.settings.base import *  # noqa: F403
