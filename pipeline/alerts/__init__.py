"""Alerts: saved searches that tell of each story once, as soon as an article of it is indexed.

    saved.py      the records, and what is asked of the ledger: `Alerts`
    matching.py   which articles that were just indexed a search finds, and what it would have found
    telling.py    what a receiver is sent, and when it is tried again
    atom.py       the same as a web feed

The stage `deliver` (pipeline/deliver.py) does both: matches, then tells.
"""
