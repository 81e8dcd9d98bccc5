import gzip
import sys
import zlib
from itertools import pairwise

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_fakes import reason_of

from pipeline.fetch.decoding import BodyDecoder, decode_body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 10 * 1024 * 1024


def raw_deflate(body):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(body) + compressor.flush()


CODERS = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstd.compress),
]
NAMES = ["gzip", "x-gzip", "zlib", "raw deflate", "br", "zstd"]


def decode_pieces(pieces, coding, limit=LIMIT):
    decoder = BodyDecoder(coding, max_body_bytes=limit)
    for piece in pieces:
        decoder.feed(piece)
    return decoder.finish()


def cut(wire, at):
    places = [0, *sorted(place % (len(wire) + 1) for place in at), len(wire)]
    return [wire[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize(("coding", "coder"), CODERS, ids=NAMES)
@given(body=st.binary(max_size=2000), at=st.lists(st.integers(0, 10_000), max_size=8))
def test_pieces_make_the_body_wherever_they_are_cut(coding, coder, body, at):
    assert decode_pieces(cut(coder(body), at), coding) == body


@pytest.mark.parametrize(("coding", "coder"), CODERS, ids=NAMES)
@given(body=st.binary(min_size=1, max_size=2000), lost=st.integers(1, 2000))
def test_a_stream_that_lost_its_end_is_never_a_success(coding, coder, body, lost):
    wire = coder(body)
    cut_off = wire[: max(1, len(wire) - lost)]
    # A member or stream that ends exactly at the cut cannot be: the cut takes at least one byte.
    assert reason_of(decode_body, cut_off, coding, max_body_bytes=LIMIT) in {
        "body_truncated",
        "bad_coding",
    }


@pytest.mark.parametrize(("coding", "coder"), CODERS, ids=NAMES)
def test_a_large_compressible_body_comes_out_whole(coding, coder):
    body = b"".join(b"<p>paragraph %d of a long page</p>\n" % n for n in range(30_000))
    assert decode_body(coder(body), coding, max_body_bytes=LIMIT) == body


@pytest.mark.parametrize(("coding", "coder"), [CODERS[0], CODERS[5]], ids=["gzip", "zstd"])
@given(
    parts=st.lists(st.binary(max_size=50), min_size=1, max_size=4), at=st.lists(st.integers(0, 999))
)
def test_members_that_follow_each_other_are_one_body(coding, coder, parts, at):
    wire = b"".join(coder(part) for part in parts)
    assert decode_pieces(cut(wire, at), coding) == b"".join(parts)


@pytest.mark.parametrize(("coding", "coder"), [CODERS[0], CODERS[2], CODERS[5]])
def test_padding_after_the_end_is_no_part_of_the_body(coding, coder):
    wire = coder(b"body") + bytes(20)
    assert decode_pieces([wire[:-10], wire[-10:]], coding) == b"body"


@given(st.binary(max_size=500), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br"]))
def test_any_bytes_are_read_or_refused(wire, coding):
    assert reason_of(decode_body, wire, coding, max_body_bytes=LIMIT) in {
        None, "bad_coding", "body_truncated", "bomb", "too_large",
    }  # fmt: skip


def test_two_codings_are_taken_off_in_reverse_order():
    wire = brotli.compress(gzip.compress(b"body"))
    assert decode_body(wire, "gzip, br", max_body_bytes=LIMIT) == b"body"
    assert decode_body(wire, " GZIP,identity , BR", max_body_bytes=LIMIT) == b"body"


@pytest.mark.parametrize("coding", [None, "", "identity", " , "])
def test_without_coding_the_wire_is_the_body(coding):
    assert decode_body(b"\x1f\x8b", coding, max_body_bytes=LIMIT) == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("coding", "reason"),
    [("gzip, gzip, gzip", "too_many_codings"), ("compress", "bad_coding"), ("utf-8", "bad_coding")],
)
def test_codings_that_we_do_not_read_are_refused_at_once(coding, reason):
    assert reason_of(BodyDecoder, coding, max_body_bytes=LIMIT) == reason


def test_the_limits_of_size_and_ratio():
    small_bomb = gzip.compress(bytes(1024 * 1024))  # one MiB is free
    assert len(decode_body(small_bomb, "gzip", max_body_bytes=LIMIT)) == 1024 * 1024
    bomb = gzip.compress(bytes(1024 * 1024 + 1))
    assert reason_of(decode_body, bomb, "gzip", max_body_bytes=LIMIT) == "bomb"
    assert reason_of(decode_body, b"a" * 11, None, max_body_bytes=10) == "too_large"
    assert reason_of(decode_body, gzip.compress(b"a" * 11), "gzip", max_body_bytes=50) is None


def test_a_zstd_window_beyond_the_webs_limit_is_refused():
    options = {
        zstd.CompressionParameter.window_log: 25,
        zstd.CompressionParameter.compression_level: 3,
    }
    compressor = zstd.ZstdCompressor(options=options)
    wire = compressor.compress(bytes(range(256)) * 1000) + compressor.flush()
    assert reason_of(decode_body, wire, "zstd", max_body_bytes=LIMIT) == "bad_coding"
