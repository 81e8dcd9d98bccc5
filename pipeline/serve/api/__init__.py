"""What services ask, under /v1: one module for each thing that can be asked for.

Answers are JSON with an ETag; a question that nobody may ask so is answered by `problems.py`.
`docs/api.md` describes it for those who use it, `docs/openapi.json` is generated from it.
"""
