"""The change feed: what a service that keeps a copy of the index has to hear.

following.py   which lines of the change log concern a follower, and what each says
tokens.py      the place in the log that a follower came to
log.py         what is asked of the ledger: `ChangeLog`
"""
