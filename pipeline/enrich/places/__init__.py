"""Where: places of GeoNames that an article names, and which of them is where it happened; no I/O.

Read in this order: `listed.py` (what a gazetteer answers), `words.py` (the words around names),
`finding.py` (what may be a name), `choosing.py` (which place of that name), `directions.py`
("northern Syria"), `scenes.py` (where it happened), `places.py` (all of it on one article).
"""
