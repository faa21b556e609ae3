from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"
    label = "workers"

    def ready(self) -> None:
        from workers import bell  # noqa: PLC0415 - Django's own place for it: the apps are loaded now

        bell.connect()
