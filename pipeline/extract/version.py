"""The extractor's version: raised whenever the same page would give another text or field."""

EXTRACTOR_VERSION = "1"
