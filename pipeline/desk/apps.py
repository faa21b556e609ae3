from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "pipeline.desk"
    label = "desk"
