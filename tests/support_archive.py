"""A ledger and its archive, for tests of what is deleted from the archive."""

import os
import time
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from support_ledger import (
    NOW,
    commit_fetch,
    commit_step,
    decision,
    extracted,
    fetched,
    page,
    poll,
    publish,
)

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.ledger.tables import pages, places, sightings, urls
from pipeline.adapters.segments import SegmentFolder
from pipeline.config import RetentionSettings
from pipeline.model import ArchivePlace, Page, Stage
from pipeline.trimming import trim_archive
from pipeline.urls import article_id

MONTH = RetentionSettings(archive_days=30)
HOUR = timedelta(hours=1)
A, B, C = (f"https://herald.example/{name}" for name in "abc")


class Desk:
    """A ledger and its archive: what is fetched is in both."""

    def __init__(self, ledger, folder):
        self.ledger = ledger
        self.folder = folder
        self.archive = WarcArchive(folder)

    def keep(self, text):
        body = text.encode()
        place = self.archive.append(
            Page(A, A, 200, (), body, body, (), fetched_at=NOW, elapsed_s=0.1, hops=())
        )
        self.archive.flush()
        return place

    def listed(self, *links, text="a feed document", at=NOW):
        poll(self.ledger, *(decision(link) for link in links), at=at, place=self.keep(text))

    def fetched(self, url, text, at=NOW):
        """Let a page be fetched that then waits for extract."""
        result = fetched(url, at=at)
        found = page(url, at=at, place=self.keep(text))
        assert commit_fetch(self.ledger, replace(result, page=found), url) == []

    def read_as(self, url, text, at=NOW):
        """Let a page be fetched and extracted; `text` is the page's and the article's."""
        self.fetched(url, f"page: {text}", at)
        assert commit_step(self.ledger, Stage.EXTRACT, extracted(url, at, text=text)) == []

    def publish(self, url, text, at=NOW):
        version = publish(self.ledger, url, at=at, text=text)
        place = self.keep(f"page: {text}")
        newest = sa.select(pages.c.place_id).where(pages.c.url_id == article_id(url))
        change(
            self.ledger,
            sa.update(places)
            .where(places.c.place_id.in_(newest))
            .values(segment=place.segment, offset=place.offset, length=place.length,
                    sha256=place.sha256),
        )  # fmt: skip
        return version

    def grow_old(self, days=90):
        """Close the segment, and let all be written long ago."""
        self.archive.close()
        for path in self.folder.iterdir():
            os.utime(path, (time.time() - days * 86_400,) * 2)

    def trim(self, settings=MONTH, **how):
        return trim_archive(self.ledger, SegmentFolder(self.folder), settings, **how)

    def pages(self):
        """Page texts that can be read by the places that the ledger names, by URL in order."""
        query = (
            sa.select(urls.c.url, places)
            .join(pages, pages.c.place_id == places.c.place_id)
            .join(urls, urls.c.url_id == pages.c.url_id)
            .where(places.c.segment != "")
            .order_by(pages.c.page_id)
        )
        with self.ledger.database.reading() as connection:
            rows = connection.execute(query).all()
        return [(row.url, self.archive.read(_place(row)).body.decode()) for row in rows]

    def feed_documents(self):
        query = (
            sa.select(places)
            .join(sightings, sightings.c.place_id == places.c.place_id)
            .where(places.c.segment != "")
        )
        with self.ledger.database.reading() as connection:
            rows = connection.execute(query).all()
        return [self.archive.read(_place(row)).body.decode() for row in rows]

    def segments(self):
        return sorted(path.name for path in self.folder.iterdir())


def _place(row):
    return ArchivePlace(row.segment, row.offset, row.length, row.sha256)


def change(ledger, statement):
    ledger.database.write(lambda connection: connection.execute(statement))


def filled(desk):
    """A feed document, an article that changed once, one that is waiting, and a lost exchange."""
    desk.listed(A, B)
    desk.publish(A, "First version.")
    desk.read_as(A, "Second version.", at=NOW + HOUR)
    desk.fetched(B, "page: B, not yet read")
    desk.keep("fetched, and then the machine went down")
    return [
        (A, "page: First version."),
        (A, "page: Second version."),
        (B, "page: B, not yet read"),
    ]


def records(desk):
    with desk.ledger.database.reading() as connection:
        rows = connection.execute(
            sa.select(pages.c.page_id, places)
            .join(places, places.c.place_id == pages.c.place_id)
            .where(places.c.segment != "")
        ).all()
    found = {}
    for row in rows:
        content = (desk.folder / row.segment).read_bytes()
        found[row.page_id] = content[row.offset : row.offset + row.length]
    return found
