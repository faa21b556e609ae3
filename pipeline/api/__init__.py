"""The API ``/api/v1``: what the desk shows and lets people do, for programs.

``routes`` puts the rooms together: articles, translations, editions, deliveries, findings, webhooks. ``auth`` knows
who calls, ``problems`` says what is wrong (RFC 9457), ``openapi`` describes all of it, ``urls`` serves it.
"""
