"""Submitting: an article handed in at the desk, in three steps: its text, what is said of it, a last look."""
