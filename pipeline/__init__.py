"""What happens to an article. This package knows no Celery and imports nothing from ``workers``."""
