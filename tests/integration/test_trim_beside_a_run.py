"""The archive is trimmed while a run goes on: no page is lost on the way."""

import os
import time

from support_run import HTML, RSS, Trip, article, feed, rss

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.segments import SegmentFolder
from pipeline.config import RetentionSettings
from pipeline.model import Status
from pipeline.trimming import trim_archive

A = "https://herald.example/a"
MONTH = RetentionSettings(archive_days=30)
OLD_S = 90 * 86_400


def test_a_page_that_is_moved_before_it_is_read_is_read_from_its_new_place(tmp_path):
    trimmed = []

    class TrimmedMeanwhile(WarcArchive):
        """An archive that is trimmed just before the first page is read."""

        def read(self, place):
            if not trimmed:
                self.close()
                for path in (tmp_path / "archive").iterdir():
                    os.utime(path, (time.time() - OLD_S,) * 2)
                segments = SegmentFolder(tmp_path / "archive")
                trimmed.append(trim_archive(trip.ledger, segments, MONTH))
                assert not (tmp_path / "archive" / place.segment).exists()
            return super().read(place)

    trip = Trip(tmp_path, feed(), archive=TrimmedMeanwhile(tmp_path / "archive"))
    trip.allow_robots("herald.example")
    trip.fetcher.on("https://herald.example/feed.xml", rss((A, "Patrols begin")), headers=RSS)
    trip.fetcher.on(A, article("Patrols begin"), headers=HTML)
    try:
        trip.run()
        assert [(one.exchanges_kept, one.exchanges_removed) for one in trimmed] == [(1, 1)]
        assert trip.where(A).status is Status.INDEXED
        assert ("extract", "retry", "archive_missing") not in trip.life(A)
        (document,) = trip.documents().values()
        assert "two delegations" in document["text"]
    finally:
        trip.close()
