"""What an article is about: who, where, what, who says what, when, copies; no I/O.

Read in this order: `enrichers.py` (the whole), `folding.py` and `matching.py` (how names are found
whatever their spelling), `gazetteer.py` and `gazetteer_files.py` (the names), `entities.py` (which
one is meant), `topics.py`, `language.py`; `sentences.py`, `quotes/`, `dates/`, `key_phrases.py`;
for copies `fingerprint.py`, `shingles.py`, `wires.py`; for stories `story_terms.py`, `stories.py`;
`grouping.py` decides both. `attempts.py` lets one fail alone. `tasks.py` is what workers run.
"""
