"""What every Archive does, and what only the real one must: survive crashes, be read by others."""

import gzip
import io
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType, has_valid_block_digest, has_valid_payload_digest
from hypothesis import given
from hypothesis import strategies as st
from support_fakes import MemoryArchive, reason_of
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.warc import read_exchange, write_exchange
from pipeline.errors import Permanent, StoreUnavailable
from pipeline.model import Hop, Page

AT = datetime(2019, 9, 10, 8, 0, 0, 123456, tzinfo=UTC)
PAGE = Page(
    url="http://outlet.test/a?utm_source=x",
    final_url="https://outlet.test/2019/a?b=c",
    status=200,
    headers=(
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Encoding", "gzip"),
        ("transfer-encoding", "chunked"),
        ("Set-Cookie", "a=1"),
        ("X-Odd", "caf\xe9:  two  spaces"),
        ("Set-Cookie", "b=2"),
        ("Empty", ""),
    ),
    body="<p>Güvenli bölge\r\n\r\nHTTP/1.1 200 OK</p>".encode(),
    wire_body=gzip.compress("<p>Güvenli bölge\r\n\r\nHTTP/1.1 200 OK</p>".encode(), mtime=0),
    request_headers=(("Host", "outlet.test"), ("User-Agent", "Newsline/0 (+https://n.test)")),
    fetched_at=AT,
    elapsed_s=0.1 + 0.2,
    hops=(Hop("http://outlet.test/a?utm_source=x", 301, "https://outlet.test/2019/a?b=c"),),
)
PLAIN = replace(PAGE, headers=(), body=b"plain", wire_body=b"plain", hops=(), status=404)


@pytest.fixture(params=["warc", "memory"])
def archive(request, tmp_path):
    made = WarcArchive(tmp_path / "archive") if request.param == "warc" else MemoryArchive()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "archive"


def comparable(page):
    """Header names of the transfer coding are written back in one spelling."""
    headers = tuple(
        ("Transfer-Encoding" if name.lower() == "transfer-encoding" else name, value)
        for name, value in page.headers
    )
    return replace(page, headers=headers)


def test_pages_come_back_as_they_were(archive):
    places = [archive.append(page) for page in (PAGE, PLAIN, PAGE)]
    archive.flush()
    assert len(set(places)) == 3
    for place, page in zip(places, (PAGE, PLAIN, PAGE), strict=True):
        assert comparable(archive.read(place)) == comparable(page)


def test_a_page_can_be_read_before_it_is_flushed_and_after_the_archive_went_on(archive):
    place = archive.append(PAGE)
    archive.append(PLAIN)
    assert archive.read(place).body == PAGE.body


def test_what_is_not_there_is_missing(archive):
    place = replace(archive.append(PAGE), segment="newsline-19990101T000000-0.warc.gz")
    with pytest.raises(Permanent) as caught:
        archive.read(place)
    assert caught.value.reason == "archive_missing"


def test_another_body_than_was_written_is_corrupt(archive):
    place = archive.append(PAGE)
    archive.append(PLAIN)
    for wrong in (replace(place, sha256="0" * 64), replace(place, offset=10_000)):
        with pytest.raises(Permanent) as caught:
            archive.read(wrong)
        assert caught.value.reason == "archive_corrupt"


headers = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True).filter(
            lambda name: name.lower() not in {"content-encoding", "x-crawler-transfer-encoding"}
        ),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=20),
    ),
    max_size=5,
).map(tuple)


pages = st.builds(
    lambda body, at, **facts: replace(
        PLAIN, body=body, wire_body=body, fetched_at=at.replace(tzinfo=UTC), **facts
    ),
    body=st.binary(max_size=300),
    at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - hypothesis asks for naive ones
    headers=headers,
    request_headers=headers,
    status=st.integers(200, 999),
    elapsed_s=st.floats(0, 1e6),
)


@given(pages)
def test_any_exchange_comes_back(page):
    assert comparable(read_exchange(write_exchange(page))) == comparable(page)


@pytest.mark.parametrize("forged", ["a\r\nX-Forged: 1", "a\n"])
def test_a_line_break_in_a_header_is_a_bug_and_not_written(forged):
    with pytest.raises(ValueError, match="line break"):
        write_exchange(replace(PAGE, headers=(("X", forged),)))


def filled(folder, *pages, **settings):
    archive = WarcArchive(folder, **settings)
    places = [archive.append(page) for page in pages]
    archive.close()
    return places


def only_segment(folder):
    (segment,) = folder.iterdir()
    return segment


def test_warcio_reads_our_segments(folder):
    filled(folder, PAGE, PLAIN)
    with only_segment(folder).open("rb") as file:
        records = [
            (
                record.rec_type,
                record.rec_headers,
                record.http_headers,
                record.content_stream().read(),
            )
            for record in WarcioIterator(file, check_digests="raise")
        ]
    kinds = ["response", "request", "metadata"]
    assert [kind for kind, *_ in records] == ["warcinfo", *kinds, *kinds]
    _, about, http, body = records[1]
    assert about.get_header("WARC-Target-URI") == PAGE.final_url
    assert about.get_header("WARC-Date") == "2019-09-10T08:00:00.123456Z"
    assert (http.get_statuscode(), body) == ("200", PAGE.body)
    assert records[2][2].statusline == "/2019/a?b=c HTTP/1.1"
    assert records[2][1].get_header("WARC-Concurrent-To") == about.get_header("WARC-Record-ID")


def test_fastwarc_reads_our_segments_and_finds_their_digests_right(folder):
    filled(folder, PAGE, PLAIN)
    with only_segment(folder).open("rb") as file:
        for record in FastIterator(file, parse_http=False):
            assert has_valid_block_digest(record)
    with only_segment(folder).open("rb") as file:
        responses = list(
            FastIterator(file, WarcRecordType.response, func_filter=has_valid_payload_digest)
        )
    assert len(responses) == 2


def test_a_place_is_where_any_tool_finds_the_response(folder):
    _, second = filled(folder, PAGE, PLAIN)
    with only_segment(folder).open("rb") as file:
        file.seek(second.offset)
        record = next(iter(WarcioIterator(io.BytesIO(file.read(second.length)))))
    assert (record.rec_type, record.http_headers.get_statuscode()) == ("response", "404")


def test_the_wire_form_is_kept(folder):
    (place,) = filled(folder, PAGE)
    assert WarcArchive(folder).read(place).wire_body == PAGE.wire_body


def test_a_full_segment_is_closed_and_another_one_begun(folder):
    places = filled(folder, *[PAGE] * 10, segment_bytes=3000)
    assert len({place.segment for place in places}) > 2
    for place in places:
        assert WarcArchive(folder).read(place).body == PAGE.body


def test_opening_an_archive_touches_nothing_and_writes_nothing(folder):
    (place,) = filled(folder, PAGE)
    before = only_segment(folder).read_bytes()
    other = WarcArchive(folder)
    assert other.read(place).body == PAGE.body
    other.flush()
    other.close()
    assert only_segment(folder).read_bytes() == before
    fresh = folder / "fresh"
    WarcArchive(fresh).close()
    assert not fresh.exists()


def test_two_writers_have_segments_of_their_own(folder):
    first, second = WarcArchive(folder), WarcArchive(folder)
    places = [first.append(PAGE), second.append(PLAIN), first.append(PLAIN)]
    first.close()
    assert len({place.segment for place in places}) == 2
    assert [second.read(place).status for place in places] == [200, 404, 404]
    second.close()


def test_a_torn_tail_hides_none_of_the_records_before_it(folder):
    *kept, last = filled(folder, PAGE, PLAIN, PAGE)
    segment = only_segment(folder)
    whole = segment.read_bytes()
    for torn_at in range(last.offset, len(whole), 97):
        segment.write_bytes(whole[:torn_at])
        archive = WarcArchive(folder)
        assert [archive.read(place).status for place in kept] == [200, 404]
        with pytest.raises(Permanent) as caught:
            archive.read(last)
        assert caught.value.reason == "archive_corrupt"


def test_a_bit_that_flipped_anywhere_in_a_record_is_noticed_or_harmless(folder):
    """Harmless: it hit a gzip header; whatever `read` returns has the body's own sha256."""
    (place,) = filled(folder, PAGE)
    segment = only_segment(folder)
    whole = bytearray(segment.read_bytes())
    for position in range(place.offset, place.offset + place.length, 13):
        broken = bytearray(whole)
        broken[position] ^= 0x10
        segment.write_bytes(bytes(broken))
        assert reason_of(WarcArchive(folder).read, place) in {None, "archive_corrupt"}


def test_a_segment_name_cannot_lead_out_of_the_folder(folder, tmp_path):
    (place,) = filled(tmp_path / "other", PAGE)
    filled(folder, PLAIN)
    with pytest.raises(Permanent) as caught:
        WarcArchive(folder).read(replace(place, segment=f"../other/{place.segment}"))
    assert caught.value.reason == "archive_missing"


def test_flush_makes_the_record_durable_once(folder, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    archive = WarcArchive(folder)
    archive.flush()
    assert synced == []
    archive.append(PAGE)
    opened = len(synced)  # the folder, for the file's name
    archive.flush()
    archive.flush()
    assert len(synced) == opened + 1
    archive.close()


class FullDisk(io.FileIO):
    """Writes a part of what it is given, then has no space left."""

    room = 0

    def write(self, content):
        if self.room <= 0:
            raise OSError(28, "No space left on device")
        taken = super().write(bytes(content)[: self.room])
        self.room -= taken
        return taken


def test_a_full_disk_leaves_no_half_record_and_the_archive_goes_on(folder):
    archive = WarcArchive(folder)
    first = archive.append(PAGE)
    archive._file.close()
    archive._file = FullDisk(folder / first.segment, "ab")
    archive._file.room = 100
    with pytest.raises(StoreUnavailable, match="No space"):
        archive.append(PAGE)
    archive._file.room = 10**9
    second = archive.append(PLAIN)
    archive.close()
    assert second.offset == first.offset + first.length
    assert WarcArchive(folder).read(second).status == 404


def test_what_is_written_after_somebody_deleted_the_open_segment_is_not_lost(folder):
    archive = WarcArchive(folder)
    archive.append(PAGE)
    (lost,) = folder.iterdir()
    lost.unlink()
    place = archive.append(PLAIN)
    archive.close()
    assert place.segment != lost.name
    assert archive.read(place).body == b"plain"
