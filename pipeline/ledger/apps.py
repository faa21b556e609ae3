from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "pipeline.ledger"
    label = "ledger"
