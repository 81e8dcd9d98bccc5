"""Bytes to text: what is declared, what is true, and what to do when they differ."""

import pytest
from feed_documents import item, parse, rss

TURKISH = "Dışişleri Bakanı Çavuşoğlu güvenli bölgeyi görüştü"
ARABIC = "وزير الخارجية يبحث المنطقة الآمنة في شمال سوريا"
RUSSIAN = "Безопасная зона на севере Сирии обсуждается"
GERMAN = "Müller trifft Özdemir über die Straße"


def titled(title, declaration='<?xml version="1.0"?>', language=""):
    channel = f"<language>{language}</language>" if language else ""
    return declaration + rss(item(title=title), channel=channel).partition("?>")[2]


def read_title(body, **arguments):
    parsed = parse(body, **arguments)
    return parsed.entries[0].title, parsed.encoding, parsed.warnings


@pytest.mark.parametrize(
    ("title", "codec", "language"),
    [
        (TURKISH, "windows-1254", "tr"),
        (TURKISH, "windows-1254", ""),
        ("Güvenli bölge", "windows-1254", "tr"),
        (ARABIC, "windows-1256", "ar"),
        (ARABIC, "windows-1256", ""),
        (RUSSIAN, "windows-1251", "ru"),
        (RUSSIAN, "koi8-r", ""),
        (GERMAN, "iso-8859-1", "de"),
        (GERMAN, "iso-8859-1", ""),
    ],
)
def test_undeclared_code_pages_read_right(title, codec, language):
    found, _, warnings = read_title(titled(title, language=language).encode(codec))
    assert found == title
    assert "encoding_guessed" in warnings


def test_the_operators_language_helps_the_guess():
    found, _, _ = read_title(titled("Şırnak").encode("cp1254"), language="tr")
    assert found == "Şırnak"


def test_utf_8_served_as_text_xml_without_a_charset():
    """RFC 3023 says that this is ASCII. Nobody means it."""
    found = read_title(titled(TURKISH).encode(), headers=[("Content-Type", "text/xml")])
    assert found == (TURKISH, "utf-8", ())


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_byte_order_mark_is_proof(codec):
    declared = titled(TURKISH, '<?xml version="1.0" encoding="iso-8859-1"?>')
    assert read_title(declared.encode(codec))[0] == TURKISH


def test_utf_16_without_its_mark():
    assert read_title(titled(TURKISH).encode("utf-16-le"))[0] == TURKISH
    assert read_title(titled(TURKISH).encode("utf-16-be"))[0] == TURKISH


def test_latin_1_that_says_it_is_utf_8():
    body = titled(GERMAN, '<?xml version="1.0" encoding="utf-8"?>').encode("latin-1")
    found, encoding, warnings = read_title(body)
    assert (found, encoding) == (GERMAN, "windows-1252")
    assert "encoding_mismatch" in warnings


def test_utf_8_that_says_it_is_latin_1():
    body = titled(TURKISH, '<?xml version="1.0" encoding="iso-8859-1"?>').encode()
    assert read_title(body) == (TURKISH, "utf-8", ("encoding_mismatch",))


def test_the_http_charset_wins_over_the_declaration_when_it_fits():
    body = titled(RUSSIAN, '<?xml version="1.0" encoding="koi8-r"?>').encode("cp1251")
    headers = [("Content-Type", "text/xml; charset=windows-1251")]
    assert read_title(body, headers=headers) == (RUSSIAN, "windows-1251", ())


def test_a_lying_http_charset_gives_way_to_a_true_declaration():
    body = titled(RUSSIAN, '<?xml version="1.0" encoding="windows-1251"?>').encode("cp1251")
    found, encoding, warnings = read_title(
        body, headers=[("Content-Type", "text/xml; charset=utf-8")]
    )
    assert (found, encoding, warnings) == (RUSSIAN, "windows-1251", ("encoding_mismatch",))


def test_one_bad_byte_does_not_make_utf_8_another_encoding():
    body = titled(TURKISH * 20 + "@", '<?xml version="1.0" encoding="utf-8"?>').encode()
    found, encoding, _ = read_title(body.replace(b"@", b"\xff"))
    assert encoding == "utf-8"
    assert found.startswith(TURKISH)


@pytest.mark.parametrize("header", ["text/xml; charset=", "text/xml; charset=\x00", ";;;", ""])
def test_junk_in_content_type_is_ignored(header):
    body = titled(TURKISH).encode()
    assert read_title(body, headers=[("Content-Type", header)])[0] == TURKISH
