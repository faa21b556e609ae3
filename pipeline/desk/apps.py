from django.apps import AppConfig
from django.contrib.admin import apps


class DeskConfig(AppConfig):
    name = "pipeline.desk"
    label = "desk"


class OperatorAdminConfig(apps.SimpleAdminConfig):
    """The admin, which ``config.urls`` fills: no other program has to import its pages."""

    default = False  # of this module: settings.py names it
    default_site = "pipeline.desk.operators.OperatorSite"
