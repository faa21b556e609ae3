"""How the toy Argos packages in ``tests/data`` are made: a grammar, a training run, a package; and how one is widened.

``script/make-argos-models`` runs it.
"""
