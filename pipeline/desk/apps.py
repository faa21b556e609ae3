from django.apps import AppConfig
from django.contrib.admin import apps


class DeskConfig(AppConfig):
    name = "pipeline.desk"
    label = "desk"


class OperatorAdminConfig(apps.AdminConfig):
    default = False  # of this module: settings.py names it
    default_site = "pipeline.desk.operators.OperatorSite"
