"""From an enriched article to a document, and from a question to an answer; no I/O."""
