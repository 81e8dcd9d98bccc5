"""The explorer: the analyst's view of the index, as pages that need no script to be read.

    asked.py, understood.py     between an address and a query; what of it was understood
    results.py, articles.py, stories.py, entities.py, places.py    each asks for what a page shows
    marking.py, spans.py        a text with what was found in it; it stays what it is
    diffing.py                  what changed between two revisions
    volume.py, timeline.py, atlas.py    pictures as SVG, each with the same beside it in words
    rendering.py, web.py, templates/    HTML and routes; the look is the ops page's

Every view is an address. Everything that came from outside is text here; of links only an
article's own address and the identifiers of our lists lead elsewhere, and nothing is loaded.
"""
