"""Tests: a private data folder, quick passwords; the database is SQLite or PZHUB_DATABASE_URL."""

import os
import tempfile

os.environ.setdefault("PZHUB_DATA_DIR", tempfile.mkdtemp(prefix="pzhub-tests-"))

from pzhub.settings.base import *  # noqa: F403

SECRET_KEY = "tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
# Not read anew by the handler of every test client: there are thousands.
WHITENOISE_AUTOREFRESH = True
