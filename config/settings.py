"""Every Django and Celery setting, read once from the environment.

The installation's folder (SECTIONWIRE_HOME) is the variable of that name, else the nearest folder upwards from here
that ``sectionwire init`` has made, else ``var/home`` in the checkout. Secrets may come from a file: NAME_FILE wins over
NAME. docs/operations.md lists the variables.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

CHECKOUT = Path(__file__).resolve().parent.parent
HOME_MARKER = ".sectionwire"


def read(name: str, default: str = "") -> str:
    """A variable, or the content of the file that NAME_FILE names.

    Raises:
        ImproperlyConfigured: the file can't be read.
    """
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which can't be read: {error}.") from error
    return os.environ.get(name, default)


def read_bool(name: str, *, default: bool = False) -> bool:
    """A variable that is 1, true, yes or on, or 0, false, no or off."""
    value = read(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return default if value == "" else False
    raise ImproperlyConfigured(f"{name} is “{value}”: use 1 or 0.")


def read_seconds(name: str, default: str) -> float:
    """A variable that is a number of seconds above zero."""
    value = read(name, default)
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ImproperlyConfigured(f"{name} is “{value}”: give a number of seconds above zero.")
    return seconds


def read_list(name: str, default: str = "") -> list[str]:
    """A variable that holds several words, separated by commas."""
    return [part.strip() for part in read(name, default).split(",") if part.strip()]


def find_home() -> Path:
    """The folder of the installation that a command works in."""
    if value := os.environ.get("SECTIONWIRE_HOME"):
        return Path(value).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / HOME_MARKER).is_dir():
            return folder
    return CHECKOUT / "var" / "home"


def read_run_file(name: str) -> str:
    """What the running ``sectionwire up`` of this installation says of itself; empty when none runs."""
    try:
        return (SECTIONWIRE_HOME / HOME_MARKER / "run" / name).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def read_secret_key() -> str:
    """The installation's secret key; a fresh one for this process alone where none is kept."""
    if key := read("SECTIONWIRE_SECRET_KEY"):
        return key
    try:
        return (SECTIONWIRE_HOME / HOME_MARKER / "secret-key").read_text(encoding="utf-8").strip()
    except OSError:
        return secrets.token_urlsafe(48)


SECTIONWIRE_HOME = find_home()
NETWORK_FILE = Path(read("SECTIONWIRE_NETWORK") or SECTIONWIRE_HOME / "network.toml")
if not NETWORK_FILE.exists() and not os.environ.get("SECTIONWIRE_NETWORK"):
    NETWORK_FILE = CHECKOUT / "config" / "network.toml"
MODELS_DIR = Path(read("SECTIONWIRE_MODELS") or SECTIONWIRE_HOME / "models")
# Content times of an undisturbed and a disturbed run can only be compared when the clock stands still.
FROZEN_CLOCK = read("SECTIONWIRE_FROZEN_CLOCK")

DEBUG = read_bool("SECTIONWIRE_DEBUG")
SECRET_KEY = read_secret_key()
ALLOWED_HOSTS = read_list("SECTIONWIRE_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = read_list("SECTIONWIRE_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "pipeline",
    "pipeline.ledger",
    "pipeline.desk",
    "workers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pipeline.desk.security.ContentSecurityPolicyMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]


def read_database() -> dict[str, Any]:
    """The ledger: DATABASE_URL, else a SQLite file in the installation's folder."""
    url = read("DATABASE_URL") or f"sqlite:///{SECTIONWIRE_HOME / 'ledger.sqlite3'}"
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError as error:
        # Without the address itself: it may hold a password.
        raise ImproperlyConfigured("DATABASE_URL is none: use sqlite:///FILE or postgresql://…") from error
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # Deferred transactions of several writers fail half the time; immediate ones wait for their turn.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-20000;",
        }
        # Tests use a file as well: workers are other processes.
        config["TEST"] = {"NAME": str(CHECKOUT / "var" / "test.sqlite3")}
    else:
        config["CONN_HEALTH_CHECKS"] = True
    config["CONN_MAX_AGE"] = 60
    return config


DATABASES = {"default": read_database()}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
STATIC_ROOT = Path(read("SECTIONWIRE_STATIC") or SECTIONWIRE_HOME / "static")
WHITENOISE_USE_FINDERS = True  # embedded mode collects nothing; the image does
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if read_bool("SECTIONWIRE_HTTPS"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The queue is a bell: a message says "this lane has work" and nothing else; the ledger holds the work.
BROKER_URL = read("SECTIONWIRE_BROKER_URL") or read_run_file("broker-url")
CELERY = {
    "broker_url": BROKER_URL or "redis://127.0.0.1:6379/0",
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "visibility_timeout": 3600,
        "queue_order_strategy": "round_robin",
    },
    "task_ignore_result": True,
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "task_acks_late": False,  # recovery is lease plus sweep, not redelivery
    "task_publish_retry": False,
    "task_default_queue": "sweep",
    "task_create_missing_queues": True,
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_hijack_root_logger": False,
    "worker_send_task_events": False,
    "worker_enable_remote_control": True,
    "timezone": "UTC",
}

# A row whose worker shows no life for so long is another worker's; the sweep looks this often.
LEASE_SECONDS = read_seconds("SECTIONWIRE_LEASE_SECONDS", "45")
SWEEP_SECONDS = read_seconds("SECTIONWIRE_SWEEP_SECONDS", "10")
# Touched at each sign of life of a worker or of the clock; a container's health check looks at its age.
ALIVE_FILE = read("SECTIONWIRE_ALIVE_FILE")

LOG_LEVEL = read("SECTIONWIRE_LOG", "INFO").upper()
LOGGING_CONFIG = None  # config/log.py sets structlog up where a process of ours starts
# Nothing of ours talks to anyone uninvited: onnxruntime comes with the argostranslate module and would.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
