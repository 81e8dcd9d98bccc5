"""Newsline: news feeds to a balanced, searchable, enriched index.

The trip of an article, stage by stage:

    poll      feeds/      GET a feed conditionally, parse it, decide what is new       → sightings
    fetch     fetch/      robots, pace, address guard, page bytes                      → archive
    extract   extract/    clean text, title, authors, dates, each with its evidence    → revision
    enrich    enrich/     language, people, organisations, places, topics              → enrichment
    group     enrich/     copies and stories, in order of first sight                  → grouping
    index     index/      document, written item by item, acknowledged by id           → index
    deliver   alerts/     saved searches matched with it, those who wait for it told   → hits

`run.py` is the whole trip in one process: read it first. `stages.py` has one short function per
stage. `model.py` and `work.py` hold the records, `ports.py` the doors to the world, `adapters/`
what stands behind those doors; `app.py` wires them from `config.py`. `cli/` is the command,
`scheduled.py` what a scheduler's tasks do (`dags/` wires those; nothing else needs Airflow), `ops/`
the page of those who run it all (`plugins/` mounts it), `serve/` what analysts and services ask,
`changes/` what the change feed tells them, `renewal.py` one enricher run again.
`rehearsal/` is a small news world to try all this on; nothing of the trip imports it.
"""
