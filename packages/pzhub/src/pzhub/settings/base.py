"""Settings that hold everywhere; the values that differ come from `pzhub.config`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url
from django.core.management.utils import get_random_secret_key

from pzhub.config import hub_config

CONFIG = hub_config()
DATA_DIR = CONFIG.data_dir.resolve()
PACKAGE_DIR = Path(__file__).resolve().parent.parent


def _secret_key() -> str:
    """Return the configured key, or the one in the data folder, made on first use."""
    if CONFIG.secret_key:
        return CONFIG.secret_key
    path = DATA_DIR / "secret_key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x") as file:
                path.chmod(0o600)
                file.write(get_random_secret_key())
        except FileExistsError:
            pass  # another process of the same start was quicker
    return path.read_text()


def _database() -> dict[str, Any]:
    """Return PostgreSQL when configured, else SQLite as one writer with a write-ahead log."""
    if CONFIG.database_url:
        return dict(
            dj_database_url.parse(CONFIG.database_url, conn_max_age=60, conn_health_checks=True)
        )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(DATA_DIR / "db.sqlite3"),
        # To open the file, read its schema and register functions costs more than most queries.
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


SECRET_KEY = _secret_key()
DEBUG = CONFIG.debug
ALLOWED_HOSTS = CONFIG.allowed_hosts
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "pzhub.core",
    "pzhub.outbox",
    "pzhub.accounts",
    "pzhub.notices",
    "pzhub.catalog",
    "pzhub.uploads",
    "pzhub.downloads",
    "pzhub.tables",
    "pzhub.processes",
    "pzhub.web",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "pzhub.core.middleware.RequestId",
    "pzhub.core.middleware.CollapseSlashes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "pzhub.accounts.kept.KeepWhatWasTyped",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pzhub.web.middleware.SecurityHeaders",
    "pzhub.web.middleware.RefusalPages",
]

ROOT_URLCONF = "pzhub.urls"
WSGI_APPLICATION = "pzhub.wsgi.application"
# All paths of the API end in "/" and are never redirected: a redirected POST becomes a GET.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "pzhub.web.context.frame",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["pzhub.accounts.backends.LimitedPasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "pzserver.csrftoken"
CSRF_FAILURE_VIEW = "pzhub.accounts.pages.kept.csrf_failure"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português"), ("es", "Español")]
LOCALE_PATHS = [PACKAGE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

EMAIL_HOST, EMAIL_PORT = CONFIG.mail_host, CONFIG.mail_port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = CONFIG.mail_user, CONFIG.mail_password
EMAIL_USE_TLS = CONFIG.mail_security == "starttls"
EMAIL_USE_SSL = CONFIG.mail_security == "tls"
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = CONFIG.mail_from or f"Photo-z Server <noreply@{CONFIG.mail_domain}>"

STATIC_URL = "/static/"
# Served as packaged: nothing is collected, so a start stays quick.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True

# Uploads stream to a staged file on the same file system as the products, so that
# registration is a rename.
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "staging"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["pzhub.uploads.receive.LimitedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000
# The wizard's form has several fields for each column of a table, and tables have thousands.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50_000

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "pzhub.accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["pzhub.accounts.api.permissions.MayUseApi"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "pzhub.core.api.negotiation.PzNegotiation",
    "DEFAULT_METADATA_CLASS": "pzhub.core.api.metadata.PzMetadata",
    "DEFAULT_PAGINATION_CLASS": "pzhub.core.api.pagination.PzPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "pzhub.core.api.filters.PzSearch",
        "pzhub.core.api.filters.PzOrdering",
    ],
    "EXCEPTION_HANDLER": "pzhub.core.api.errors.exception_handler",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    # "format" is a word that a collection may want to filter by.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Photo-z Server",
    "DESCRIPTION": "Host, find, share, validate and produce light photo-z data products.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    # The readers' scripts come from this server, not from a content network.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api",
    "ENUM_NAME_OVERRIDES": {
        "ProductStatus": "pzhub.catalog.models.ProductStatus",
        "FileRole": "pzhub.catalog.models.FileRole",
        "ArchiveStatus": "pzhub.downloads.models.ArchiveStatus",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "pzhub.uploads.api.tus_schema.add_upload_inquiry",
        "pzhub.core.api.schema.add_error_responses",
    ],
}

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "SAMEORIGIN"
if CONFIG.behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": CONFIG.log_level},
}
