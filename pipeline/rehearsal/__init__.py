"""A small news world of our own to rehearse on: ten invented outlets that behave like real ones.

    articles.py   reads articles/<outlet>/*.md: what was published, edited and taken back, and when
    outlets.py    the ten outlets: where they stand, their feeds, their habits and bad habits
    script.py     reads script.toml: what goes wrong, for which feed or page, from when until when
    world.py      pure: what does this address answer at this time?
    feeds.py      the feed documents: RSS 2.0, Atom, RDF 1.0, JSON Feed 1.1, news sitemaps
    pages.py      article pages with everything around them that real pages have
    server.py     serves the world on the loopback interface
    oracle.py     the model: what a faithful pipeline ends up with
    synthetic.py  thousands of articles over many hosts, for load tests

The world moves by the clock it is given: feeds list what was published until now. Nothing of the
trip imports this package, and it imports only records, errors and ports of the trip.
"""
