"""How the encoding of a page is decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.decode import decode

TURKISH = "Güvenli bölge için ortak devriye çalışması Şanlıurfa'da başladı. " * 3
ARABIC = "بدأت الدورية المشتركة في المنطقة الآمنة شمال سوريا صباح اليوم. " * 3


def page(text, charset=None):
    meta = f'<meta charset="{charset}">' if charset else ""
    return f"<html><head>{meta}</head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "source"),
    [
        (page(TURKISH).encode("utf-8-sig"), None, "utf-8", "bom"),
        (b"\xff\xfe" + page(TURKISH).encode("utf-16-le"), None, "utf-16-le", "bom"),
        (page(TURKISH).encode(), "text/html", "utf-8", "utf8"),
        (page(TURKISH).encode("cp1254"), "text/html; charset=iso-8859-9", "cp1254", "header"),
        (page(TURKISH, "windows-1254").encode("cp1254"), None, "cp1254", "meta"),
        (page(ARABIC, "windows-1256").encode("cp1256"), "text/html", "cp1256", "meta"),
        (page("plain").encode(), "text/html; charset=koi8-r", "ascii", "ascii"),
    ],
)
def test_the_strongest_sign_decides(body, content_type, encoding, source):
    found = decode(body, content_type)

    assert (found.encoding, found.source) == (encoding, source)
    assert "\ufffd" not in found.text


def test_valid_utf8_wins_over_a_header_that_lies_and_the_lie_is_kept():
    found = decode(page(TURKISH).encode(), "text/html; charset=iso-8859-1")

    assert TURKISH in found.text
    assert found.rivals == (("header", "cp1252"),)
    assert "encoding_conflict" in found.flags


def test_a_header_that_cannot_be_right_gives_way_to_the_meta_tag():
    body = page(ARABIC, "windows-1256").encode("cp1256")

    found = decode(body, "text/html; charset=utf-8")

    assert (found.source, ARABIC in found.text) == ("meta", True)


def test_without_any_label_the_detector_is_asked():
    found = decode(page(ARABIC * 10).encode("cp1256"), None)

    assert (found.source, ARABIC in found.text) == ("detector", True)


def test_one_broken_byte_does_not_throw_the_declared_encoding_away():
    body = page(TURKISH * 10).encode().replace("ö".encode(), b"\xc3", 1)

    found = decode(body, "text/html; charset=utf-8")

    assert (found.encoding, found.flags) == ("utf-8", ("encoding_errors",))


@pytest.mark.parametrize(
    "label", ["utf-7", "punycode", "idna", "unicode_escape", "rot13", "x-user-defined", "nonsense"]
)
def test_encodings_that_the_web_has_not_are_no_claims(label):
    body = page("+ADw-script+AD4-").encode()

    assert decode(body, f"text/html; charset={label}").text == body.decode()


@given(st.binary(max_size=400), st.one_of(st.none(), st.text(max_size=40)))
def test_any_bytes_can_be_decoded(body, content_type):
    assert isinstance(decode(body, content_type).text, str)
