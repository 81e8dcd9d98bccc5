"""The ops page: nothing that came from outside does anything there, and all can be read."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_ledger import (
    NOW,
    decision,
    feed,
    poll,
)
from support_ops import PAGES, Visitor, mounted

from pipeline.adapters.ledger import open_ledger
from pipeline.model import Result, Stage
from pipeline.ops.web import HEADERS
from pipeline.work import Outcome, PollResult

#: What pages, feeds and errors may hold.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>",
    "{{ 7 * 7 }}",
    "\u202etxt.exe\u2066",
    "\x1b[31mred\x1b[0m",
    '=HYPERLINK("https://evil.example")',
)


class Markup(HTMLParser):
    """Everything in a page that could do something."""

    ALLOWED = frozenset(re.findall(r"\S+", """
        html head meta title link body a header nav main section h1 h2 p b strong span small code
        div ol ul li dl dt dd table caption thead tbody tr th td form input select option label
        button details summary time svg rect"""))  # fmt: skip
    ATTRIBUTES = frozenset(re.findall(r"\S+", """
        lang charset name content rel href class id aria-label aria-labelledby aria-current
        aria-sort aria-hidden role title scope colspan data-label datetime method action type
        value maxlength placeholder required inputmode selected open viewbox width height x y
        preserveaspectratio"""))  # fmt: skip

    def __init__(self):
        super().__init__()
        self.wrong = []
        self.words = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.ALLOWED:
            self.wrong.append(tag)
        for name, value in attrs:
            if name not in self.ATTRIBUTES:
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "action") and not re.match(r"(/newsops|\?|#)", value):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        self.wrong.append(f"comment {data}")


def check_markup(answer):
    markup = Markup()
    markup.feed(answer.text)
    assert markup.wrong == []
    shown = "".join(markup.words)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", shown)


def plant(ledger, text):
    """Put a text everywhere that something from outside can reach."""
    of = feed("herald-world", title=text, notes=text)
    link = "https://herald.example/" + re.sub(r"[^ -~]|[\\\s]", "", text)[:200]
    clean = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    poll(ledger, decision(link, title=clean), decision(None, title=clean or "x"), of=of)
    lease = ledger.lease_host("herald.example", lease_s=60)
    (before,) = ledger.feed_states(["herald-world"])
    ill = replace(before, last_reason=clean or "x", health="failing", paused_reason=clean)
    said = Outcome(Stage.POLL, Result.RETRY, NOW, clean or "x", clean)
    ledger.commit_poll(lease, PollResult(ill, said))
    ledger.release(lease)
    ledger.override_feed(ill, actor=clean, note=clean, now=NOW)
    return link


def look_everywhere(ledger, text, link):
    ada = Visitor(mounted(ledger))
    run_id = re.sub(r"[/\n]", "", text)  # which no route takes
    for path in (*PAGES, f"/runs/x{quote(run_id, safe='')}"):
        check_markup(ada.get(path))
    check_markup(ada.get("/where", url=link))
    check_markup(ada.get("/feeds", q=text[:200].encode("utf-8", "surrogatepass")))
    check_markup(ada.get("/dead", reason=text.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(ledger, text):
    look_everywhere(ledger, text, plant(ledger, text))


@settings(max_examples=10, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
                    min_size=1, max_size=80))  # fmt: skip
def test_any_text_stays_text(tmp_path_factory, text):
    ledger = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ops') / 'ledger.sqlite'}")
    try:
        look_everywhere(ledger, text, plant(ledger, text))
    finally:
        ledger.close()


def test_every_answer_forbids_scripts_foreign_content_and_keeping(ada):
    for path in (*PAGES, "/ops.css"):
        headers = ada.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_the_style_sheet_loads_nothing(ada):
    css = ada.get("/ops.css").text
    assert "url(" not in css
    assert "@import" not in css


def luminance(colour):
    """By WCAG 2: 0 black, 1 white."""
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_has_enough_contrast_in_light_and_dark(ada):
    css = ada.get("/ops.css").text
    schemes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", part))
               for part in css.split("@media (prefers-color-scheme: dark)")[:2]]  # fmt: skip
    on = {
        "ink": ("page", "card", "plain-ground", "well-ground", "bad-ground", "warn-ground"),
        "quiet": ("page", "card"), "link": ("page", "card", "bad-ground", "warn-ground"),
        "well": ("card", "well-ground"), "bad": ("card", "bad-ground"),
        "warn": ("card", "warn-ground"),
    }  # fmt: skip
    poor = []
    for scheme in schemes:
        for text, grounds in on.items():
            for ground in grounds:
                dim, bright = sorted(luminance(scheme[name]) for name in (text, ground))
                if (bright + 0.05) / (dim + 0.05) < 4.5:
                    poor.append((text, ground, scheme[text]))
    assert len(schemes) == 2
    assert poor == []
