"""Chaos: a whole installation is treated badly, and must give what an undisturbed one gives.

``python -m tests.chaos`` (or ``script/chaos``) runs the same articles twice through real processes on PostgreSQL and
Valkey: once undisturbed, once while workers and engines are killed, the broker is flushed and restarted, PostgreSQL is
stopped at once and started again, and a newsroom's system answers 500, 429, too late or not to the end.

    plan        the faults of a run, drawn from a seed
    services    a PostgreSQL and a Valkey that can be hurt
    processes   workers, clocks; started again when they die
    nursery     starts them at once, for the small form
    newsroom    the network, the articles, the editor
    engine      the fake engine, with a count of what it was asked
    receiver    the system behind the webhook output, with its faults
    run         one run, from the first article until nothing moves any more
    judge       what must be the same, and what must hold
"""
