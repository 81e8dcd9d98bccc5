"""Is it still good? What is measured hourly, what counts as wrong, and who is told. Pure.

findings.py     a finding, its severity, and silences
past.py         a figure against its own past: median and spread, never mean and deviation
volume.py       what feeds bring, against their own last four weeks
drift.py        what extraction makes of outlets' pages, against their own last week
ends.py         the balance, freshness, and gaps between polls
telling.py      which findings somebody is to be told about, and in which words
event.py        findings as events, for dashboards
"""
