"""Compiles the gazetteer at install, if it is not there: `python -m pipeline.adapters.places`."""

from pipeline.adapters.places.opening import open_places

open_places()
