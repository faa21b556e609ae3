"""The stages, in the order in which an article goes through them.

Each is a plain function on the documents of ``pipeline.documents``: it knows no ORM, no Celery and no settings, and is
given what it needs (a memory, an engine, a renderer).
"""

STAGES = ("intake", "clean", "segment", "translate", "check", "review", "publish")
"""One word per stage; the word is the module, the status, the log field and the test file."""
