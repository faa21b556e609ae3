"""The page of schedules and their runs: what is done by itself, when, and how it went."""
