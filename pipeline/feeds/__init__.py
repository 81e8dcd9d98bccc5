"""Feeds: from an operator's list of addresses to entries with identity, dates and plain text.

    catalogue, opml     which feeds there are (TOML and OPML, in and out)
    encoding            bytes → text                     ┐
    sniff               what kind of document it is      │
    prescan, repair     limits; text → harmless XML      │
    syndication         RSS, Atom, RDF → drafts          ├ parse: bytes → ParsedFeed
    jsonfeed, sitemap   the other kinds → drafts         │
    text, links, dates  plain text, addresses, times     │
    identity            which draft is which entry       ┘
    decide, entries     what a poll means: what is new, what was learnt, how it ended
    schedule, redirects when to ask again; where a feed has moved
    merging             two feeds that turn out to be one
    doctor, discover    what is wrong with a feed; which feeds a site has
    tasks               what `newsline parse-feed` runs in its workers

Everything here is pure: no network, no disk but the catalogue files given by name.
"""
