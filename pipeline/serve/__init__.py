"""The server: one application for services (`/v1`), for scripts that watch it, and for browsers.

    serving.py      the doors that it needs; app.py the application and the list of its routers
    frame.py        around every request: its id, its log line, headers, bounds
    access.py       who asks, by key, session or from this machine, and what they may do
    limits.py       how often
    problems.py     every refusal: problem+json for services, a page for people
    login.py        a browser's session, begun with a key
    forms.py        forms that no other site can send
    api/            what services ask: search, articles, stories, entities, exports, feeds
    health.py, metrics.py   for those who watch it
    openapi.py      the API as a file: python -m pipeline.serve
    pages/          what people look at

It changes nothing but keys' last use, sessions and what people ask it to keep; it never writes the
index. Work that blocks is done in threads, and every question is bounded.
"""
