"""Which days, weeks, months and years a text speaks of, as of the day it was published; no I/O.

Read in this order: `calendar.py` (spans of days), `vocabulary.py` and `vocabulary.toml` (the words
of six languages), `finding.py` (which words name a date), `dates.py` (all of it on one article).
"""
