"""Reads a page of the explorer as a browser would, and says what in it could do something."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

_VOID = frozenset({"meta", "link", "input", "br", "img"})
_TAGS = frozenset(re.findall(r"\S+", """
    html head meta title link script body a header nav main section aside article h1 h2 h3 p b
    strong span small code div ol ul li dl dt dd table caption thead tbody tr th td form fieldset
    legend input select option label button details summary time figure figcaption mark bdi del
    ins q svg g rect circle line path text"""))  # fmt: skip
_ATTRIBUTES = frozenset(re.findall(r"\S+", """
    lang dir charset name content rel href src defer class id for value type action method title
    scope role tabindex checked selected maxlength placeholder autocapitalize spellcheck datetime
    download hidden viewbox preserveaspectratio focusable width height x y x1 x2 y1 y2 cx cy r d
    text-anchor dominant-baseline font-size
    aria-current aria-describedby aria-hidden aria-invalid aria-label aria-labelledby
    data-code data-from data-to data-narrow"""))  # fmt: skip
#: Of an article's own address and the identifiers of lists; everything else stays here.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_OUTWARD = re.compile(r"https?://")


class Page(HTMLParser):
    """What a page holds: its words, its links, and whatever should not be there."""

    def __init__(self, markup):
        super().__init__()
        self.wrong, self.words, self.links, self.ids, self._open = [], [], [], [], []
        self.feed(markup)
        self.close()
        self.wrong += [f"not closed: {tag}" for tag in self._open]
        self.wrong += [f"twice: id {one}" for one in set(self.ids) if self.ids.count(one) > 1]
        here = {link[1:] for link in self.links if link.startswith("#")}
        self.wrong += [f"leads nowhere: #{one}" for one in here - {*self.ids, ""}]
        self.text = re.sub(r"\s+", " ", "".join(self.words))

    def handle_starttag(self, tag, attrs):
        if tag not in _TAGS:
            self.wrong.append(tag)
        if tag not in _VOID:
            self._open.append(tag)
        found = dict(attrs)
        self.wrong += [f"{tag} {name}" for name in found if name not in _ATTRIBUTES]
        self.ids += [found["id"]] if "id" in found else []
        for name in ("href", "src", "action"):
            if name in found:
                self._led_to(tag, name, found)

    def _led_to(self, tag, name, found):
        target = found[name] or ""
        self.links.append(target)
        if tag == "script" and target != "/static/explorer.js":
            self.wrong.append(f"script {target}")
        if _OUTWARD.match(target):
            guarded = {"noopener", "noreferrer", "external"} <= set(found.get("rel", "").split())
            if tag != "a" or not guarded or not urlsplit(target).hostname:
                self.wrong.append(f"{tag} leads out: {target}")
        elif not re.match(r"[/?#](?!/)|$", target):
            self.wrong.append(f"{tag} {name}={target}")

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"closed out of turn: {tag}")

    def handle_data(self, data):
        if "script" in self._open or "style" in self._open:
            self.wrong.append("inline script or style")
        if _TURNING.search(data) and "bdi" not in self._open:
            self.wrong.append("a character that turns what stands beside it")
        self.words.append(data)

    def handle_comment(self, data):
        self.wrong.append(f"comment {data}")
