"""The web application, for granian."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()

from pipeline.api.limits import BoundedBody  # noqa: E402 - not before Django is set up

application = BoundedBody(django_application)
