"""Removing content codings piece by piece, within limits. Pure.

Libraries either unpack a bomb in one go, or take a stream that was cut off for a whole one. Here
every step makes at most 64 KiB, every layer is counted, and a body is only good when each coding
reached its own end.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped] # the package has no types

from pipeline.fetch.reasons import failure

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_CODINGS = 2
#: A page may shrink to a hundredth, if it is short; beyond the first MiB it is a bomb.
MAX_RATIO = 100
FREE_BYTES = 1024 * 1024
_STEP_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW_LOG = 23  # 8 MiB, the most that RFC 9659 allows on the web; guards memory
_ZLIB_CM_DEFLATE = 8


class _Codec(Protocol):
    """One coding being removed."""

    def decode(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece unpacks to, a step at a time."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the coding's own end was seen."""
        ...


class _Zlib:
    """gzip with any number of members, or one zlib or raw deflate stream."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._inflater = zlib.decompressobj(window_bits)
        self._after_end = b""

    @property
    def finished(self) -> bool:
        return self._inflater.eof

    def decode(self, piece: bytes) -> Iterator[bytes]:
        while True:
            if self._inflater.eof:
                piece = self._after_end + piece
                self._after_end = piece[:1]
                if not piece.startswith(_GZIP_MAGIC):
                    return  # padding after the end, which servers do send; not a part of the body
                self._inflater, self._after_end = zlib.decompressobj(self._window_bits), b""
            made = self._inflater.decompress(piece, _STEP_BYTES)
            if made:
                yield made
            piece = self._inflater.unused_data or self._inflater.unconsumed_tail
            if not piece and (self._inflater.eof or len(made) < _STEP_BYTES):
                return


class _Deflate:
    """The coding "deflate": zlib by the standard, raw deflate by some servers."""

    def __init__(self) -> None:
        self._start = b""
        self._inner: _Zlib | None = None

    @property
    def finished(self) -> bool:
        return self._inner is not None and self._inner.finished

    def decode(self, piece: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._start += piece
            if len(self._start) < 2:  # noqa: PLR2004 - the zlib header has two bytes
                return
            piece = self._start
            is_zlib = piece[0] & 0x0F == _ZLIB_CM_DEFLATE and (piece[0] * 256 + piece[1]) % 31 == 0
            self._inner = _Zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        yield from self._inner.decode(piece)


class _Brotli:
    """The coding "br"."""

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    @property
    def finished(self) -> bool:
        return bool(self._decompressor.is_finished())

    def decode(self, piece: bytes) -> Iterator[bytes]:
        while not self.finished:
            made = self._decompressor.process(piece, output_buffer_limit=_STEP_BYTES)
            if made:
                yield made
            if len(made) < _STEP_BYTES and self._decompressor.can_accept_more_data():
                return
            piece = b""


class _Zstd:
    """The coding "zstd" with any number of frames."""

    def __init__(self) -> None:
        self._decompressor = self._new()
        self._after_end = b""

    @staticmethod
    def _new() -> zstd.ZstdDecompressor:
        limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        return zstd.ZstdDecompressor(options=limit)

    @property
    def finished(self) -> bool:
        return self._decompressor.eof

    def decode(self, piece: bytes) -> Iterator[bytes]:
        while True:
            if self._decompressor.eof:
                piece = self._after_end + piece
                self._after_end = piece[: len(_ZSTD_MAGIC) - 1]
                if not piece.startswith(_ZSTD_MAGIC):
                    return
                self._decompressor, self._after_end = self._new(), b""
            made = self._decompressor.decompress(piece, max_length=_STEP_BYTES)
            if made:
                yield made
            piece = self._decompressor.unused_data if self._decompressor.eof else b""
            if not piece and (self._decompressor.eof or self._decompressor.needs_input):
                return


_CODECS: dict[str, Callable[[], _Codec]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
#: What we ask for. Deflate is read but not asked for: nobody agrees on what it is.
ACCEPT_ENCODING = "gzip, br, zstd"


class BodyDecoder:
    """Takes the wire's pieces of one body and gives the body."""

    def __init__(self, content_encoding: str | None, *, max_body_bytes: int) -> None:
        """Raise Permanent("too_many_codings"), or Transient("bad_coding") for an unknown one."""
        names = [name.strip().lower() for name in (content_encoding or "").split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > MAX_CODINGS:
            raise failure("too_many_codings", f"{len(names)}: {', '.join(names[:5])}")
        unknown = [name for name in names if name not in _CODECS]
        if unknown:
            raise failure("bad_coding", f"unknown coding {unknown[0][:50]!r}")
        self._codecs = [_CODECS[name]() for name in reversed(names)]
        self._made = [0] * (len(names) + 1)  # bytes before and after each coding
        self._max_body_bytes = max_body_bytes
        self._parts: list[bytes] = []

    @property
    def body_bytes(self) -> int:
        """How long the body is so far."""
        return self._made[-1]

    def feed(self, piece: bytes) -> None:
        """Take the next piece. Raises Permanent("too_large" | "bomb"), Transient("bad_coding")."""
        try:
            self._parts += self._unwrap(piece, 0)
        except (zlib.error, brotli.error, zstd.ZstdError) as error:
            raise failure("bad_coding", str(error)) from None

    def finish(self) -> bytes:
        """Return the whole body. Raises Transient("body_truncated")."""
        if self._made[0] and not all(codec.finished for codec in self._codecs):
            raise failure("body_truncated", f"coding cut off after {self._made[0]} bytes")
        return self.body()

    def body(self) -> bytes:
        """Return what there is so far."""
        return b"".join(self._parts)

    def _unwrap(self, piece: bytes, layer: int) -> Iterator[bytes]:
        self._made[layer] += len(piece)
        made = self._made[layer]
        if layer and made > FREE_BYTES and made > MAX_RATIO * self._made[0]:
            raise failure("bomb", f"{self._made[0]} bytes became more than {made}")
        if made > self._max_body_bytes:
            raise failure("too_large", f"more than {self._max_body_bytes} bytes unpacked")
        if layer == len(self._codecs):
            yield piece
            return
        for unpacked in self._codecs[layer].decode(piece):
            yield from self._unwrap(unpacked, layer + 1)


def decode_body(wire: bytes, content_encoding: str | None, *, max_body_bytes: int) -> bytes:
    """Remove the codings of a body that is there in one piece; raises like BodyDecoder."""
    decoder = BodyDecoder(content_encoding, max_body_bytes=max_body_bytes)
    decoder.feed(wire)
    return decoder.finish()
