"""A small news world of our own to rehearse on: ten invented outlets that behave like real ones.

    articles.py     reads articles/<outlet>/*.md: what was published, edited, taken back, and when
    outlets.py      the ten outlets: where they stand, their feeds, their habits and bad habits
    script.py       reads script.toml: what goes wrong, for which feed or page, from when until when
    sites.py        every address there is, and what each feed lists at a time
    feeds.py        the feed documents: RSS 2.0, Atom, RDF 1.0, JSON Feed 1.1, news sitemaps
    pages.py        article pages with everything around them that real pages have
    layouts.py      the templates of both; attachments.py: what is linked and no article
    message.py      HTTP: validators, conditional requests, compression
    world.py        pure: what does this address answer at this time?
    server.py       serves the world on the loopback interface, and logs who asked what
    oracle.py       the model: what a faithful pipeline ends up with
    synthetic.py    thousands of articles over many hosts, for load tests

The world moves by the clock it is given: feeds list what was published until now. Nothing of the
trip imports this package, and it imports only records, errors and ports of the trip.
"""
