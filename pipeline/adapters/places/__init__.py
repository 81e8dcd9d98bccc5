"""The places of GeoNames in one SQLite file that all processes share.

`opening.py` finds it or has it made, `compile_places.py` makes it out of what `geonames.py` reads,
`place_file.py` answers from it.
"""
