"""Every Django and Celery setting, read once from the environment.

The installation's folder (SECTIONWIRE_HOME) is the variable of that name, else the nearest folder upwards from here
that ``sectionwire init`` has made, else ``var/home`` in the checkout. Secrets may come from a file: NAME_FILE wins over
NAME. docs/operations.md lists the variables.
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

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


def read_count(name: str, default: int = 0) -> int:
    """A variable that is a whole number, zero or more."""
    value = read(name) or str(default)
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is “{value}”: give a whole number.")
    return int(value)


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
    "pipeline.desk.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_htmx",
    "pipeline",
    "pipeline.ledger",
    "pipeline.desk",
    "workers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pipeline.desk.security.ContentSecurityPolicyMiddleware",
    "pipeline.desk.shell.PersonMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",  # the last one, as its documentation asks
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
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pipeline.desk.shell.context",
            ]
        },
    }
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "login"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 3600
# After so many wrong passwords for a name from an address, nobody signs in with that name from there for a while. By
# both together: else anybody could lock an editor out, or one person of an office all others.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # what the page says stays true: until when
AXES_LOCKOUT_CALLABLE = "pipeline.desk.account.locked_out"
AXES_CLIENT_IP_CALLABLE = "pipeline.desk.security.client_address"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken", "next"]
AXES_DISABLE_ACCESS_LOG = True  # who signed in when, and from where, is nobody's business
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False


def find_languages(folder: Path) -> list[str]:
    """The tags of the interface's languages that have a compiled file, as ``pt`` and ``pt-br``."""
    files = sorted(folder.glob("*/LC_MESSAGES/django.mo"))
    return [file.parent.parent.name.replace("_", "-").lower() for file in files]


def read_mail() -> dict[str, Any]:
    """How e-mail is sent: SECTIONWIRE_EMAIL_URL, such as smtp+tls://user:password@host:587; else it is only printed.

    Raises:
        ImproperlyConfigured: it is no such address.
    """
    address = read("SECTIONWIRE_EMAIL_URL")
    if not address:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    try:
        url = urlsplit(address)
        host, port = url.hostname, url.port or ports.get(url.scheme)
    except ValueError:
        host = port = None
    if not host or not port or url.scheme not in ports:
        # Without the address itself: it may hold a password.
        raise ImproperlyConfigured("SECTIONWIRE_EMAIL_URL is none: use smtp://, smtp+tls:// or smtps://user:pass@host.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_TIMEOUT": 20,
    }


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
        config["TEST"] = {"NAME": str(SECTIONWIRE_HOME / "test.sqlite3")}
    else:
        config["CONN_HEALTH_CHECKS"] = True
    config["CONN_MAX_AGE"] = 60
    return config


DATABASES = {"default": read_database()}
globals().update(read_mail())
DEFAULT_FROM_EMAIL = SERVER_EMAIL = read("SECTIONWIRE_EMAIL_FROM", "sectionwire@localhost")
# Where people reach the desk, for links in e-mails and on terminals.
DESK_URL = read("SECTIONWIRE_URL", "http://127.0.0.1:8200").rstrip("/")
# How many proxies of ours stand before the web process: so many last addresses of X-Forwarded-For are to be believed.
TRUSTED_PROXIES = read_count("SECTIONWIRE_PROXIES")

# Calls a minute that a token of the API may make (0: as many as it likes).
API_RATE = read_count("SECTIONWIRE_API_RATE", 600)
# What a collector of metrics shows to be let in at /metrics; without one, only this machine is.
METRICS_TOKEN = read("SECTIONWIRE_METRICS_TOKEN")
# Whether webhooks may be told of events inside the own network.
ALLOW_PRIVATE = read_bool("SECTIONWIRE_ALLOW_PRIVATE")

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
# The languages of the interface: English, and whatever has a file of translations.
LOCALE_PATHS = [CHECKOUT / "pipeline" / "desk" / "locale"]  # here: so that our words win over those of other packages
LANGUAGES = [(tag, tag) for tag in ("en", *find_languages(LOCALE_PATHS[0]))]
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
# How often the clock looks which schedules are due.
TICK_SECONDS = read_seconds("SECTIONWIRE_TICK_SECONDS", "10")
# Touched at each sign of life of a worker or of the clock; a container's health check looks at its age.
ALIVE_FILE = read("SECTIONWIRE_ALIVE_FILE")

LOG_LEVEL = read("SECTIONWIRE_LOG", "INFO").upper()
LOGGING_CONFIG = None  # config/log.py sets structlog up where a process of ours starts
# Nothing of ours talks to anyone uninvited: onnxruntime comes with the argostranslate module and would.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# What loaded models may take, and how they are loaded; the engines' child processes read it from the environment.
ENGINE_MEMORY_MB = read_count("SECTIONWIRE_ENGINE_MEMORY_MB", 400)
os.environ["SECTIONWIRE_ENGINE_MEMORY_MB"] = str(ENGINE_MEMORY_MB)
ENGINE_BATCH_MB = read_count("SECTIONWIRE_ENGINE_BATCH_MB", 24)
os.environ["SECTIONWIRE_ENGINE_BATCH_MB"] = str(ENGINE_BATCH_MB)
ENGINE_PACK = read_bool("SECTIONWIRE_ENGINE_PACK", default=True)
os.environ["SECTIONWIRE_ENGINE_PACK"] = "1" if ENGINE_PACK else "0"
