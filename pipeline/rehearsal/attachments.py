"""What feeds link to that is no article: a picture, a PDF, a page for members only."""

import struct
import zlib

MEMBERS_PAGE = (
    "<!doctype html><html lang='en'><head><title>Notes for members</title></head>"
    "<body><h1>Notes for members</h1><p>Only for those who know the way.</p></body></html>"
)


def square_png(side: int = 16) -> bytes:
    """Return a grey square as PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\x99" * side) * side)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def small_pdf() -> bytes:
    """Return an empty page as PDF."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    )
    body = b"%PDF-1.4\n"
    for number, content in enumerate(objects, start=1):
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    return body + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"
