"""Who said what in their own words: quoted stretches, and their speakers; no I/O.

Read in this order: `marks.py` (what stands between quotation marks), `reporting.py` (the words
around them), `clauses.py` (who can be the speaker in a stretch of text), `speakers.py` (who is),
`quotes.py` (all of it on one article).
"""
