"""The page of those who run the pipeline: what is wrong first, and what they can do about it.

    words.py, show.py, sparkline.py     slugs, times, numbers and lines for people
    equation.py, freshness.py, health.py, attention.py    what the answers of the ledger mean
    changes.py                          what an action makes of a feed; what it refuses
    reports.py                          asks the ledger, fills one report for each page
    access.py, forgery.py, forms.py     who is there; forms that nobody else can send
    web.py, acting.py, templates/       routes, refusals, HTML without any script

It knows no scheduler and has no log-in of its own: whoever mounts it says who asks and who may act.
Everything that came from outside is text here; nothing of it becomes a link.
"""
