"""How the toy Argos model in ``tests/data`` is made: a grammar, a training run, a package.

``script/make-argos-models`` runs it.
"""
