"""Batch runs: what schedules of network.toml have done by themselves, and their reports.

==============  =================================================================================================
``due``         when a schedule is due: cron, time zone, clock
``tick``        due times → rows, one for each; two clocks do no harm
``run``         the lane ``batch``: claims a run, does its next piece of work, lets it go again
``steps``       how far each action of a run has come, as the row keeps it
``actions``     what a run can do, each in pieces that can be done twice
``report``      what came in, what went out, what waits for whom, what failed and what to do
``telling``     the report by e-mail and webhook
``overview``    schedules and runs, as people see them
``stopping``    a run that has begun is stopped after the piece in hand
==============  =================================================================================================

A worker that dies loses its lease; whoever claims the run then goes on with the piece at which it was.
"""
