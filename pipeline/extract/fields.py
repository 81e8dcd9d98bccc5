"""The smaller fields: canonical URL, image, section, keywords, description, paywall."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.extract.head import Head, web_address
from pipeline.extract.jsonld import Story
from pipeline.extract.plain import one_line
from pipeline.model import Evidence
from pipeline.urls import MAX_URL_LENGTH, clean, same_site

_MAX_KEYWORDS = 50
_MAX_KEYWORD_CHARS = 100
_MAX_SECTION_CHARS = 100
_MAX_DESCRIPTION_CHARS = 2_000
_PAYWALL_TIERS = {"free": False, "metered": True, "locked": True}


@dataclass(frozen=True, slots=True)
class Fields:
    """What one page claims, checked. None or empty: the page does not say."""

    canonical_url: str | None
    image: str | None
    section: str | None
    keywords: tuple[str, ...]
    description: str | None
    site_name: str | None
    paywalled: bool | None
    evidence: dict[str, Evidence]
    flags: tuple[str, ...] = ()


def choose_fields(head: Head, story: Story, url: str) -> Fields:
    """Choose each field by a fixed order of signals."""
    evidence: dict[str, Evidence] = {}
    canonical, flags = _canonical(head, url, evidence)
    image = _first(
        "image",
        [
            ("og:image", head.first("og:image", "og:image:url", "og:image:secure_url")),
            ("json-ld:image", story.image),
            ("twitter:image", head.first("twitter:image", "twitter:image:src")),
        ],
        evidence,
    )
    section = _first(
        "section",
        [("article:section", head.first("article:section")), ("json-ld:section", story.section)],
        evidence,
    )
    description = _first(
        "description",
        [
            ("og:description", head.first("og:description")),
            ("meta:description", head.first("description", "twitter:description")),
            ("json-ld:description", story.description),
        ],
        evidence,
    )
    address = web_address(image, url)
    return Fields(
        canonical_url=canonical,
        image=address if address and len(address) <= MAX_URL_LENGTH else None,
        section=section[:_MAX_SECTION_CHARS] if section else None,
        keywords=_keywords(head, story),
        description=description[:_MAX_DESCRIPTION_CHARS] if description else None,
        site_name=head.first("og:site_name") or story.publisher or head.first("application-name"),
        paywalled=_paywalled(head, story, evidence),
        evidence=evidence,
        flags=flags,
    )


def _canonical(
    head: Head, url: str, evidence: dict[str, Evidence]
) -> tuple[str | None, tuple[str, ...]]:
    """Believe rel=canonical (else og:url) only within the registrable domain of the page.

    A page that could name any address would choose its own identity, and overwrite others.
    """
    claims = [
        (signal, address)
        for signal, link in (("rel=canonical", head.canonical), ("og:url", head.first("og:url")))
        if (address := web_address(link, url))
    ]
    believed = [(signal, address) for signal, address in claims if same_site(address, url)]
    if claims:
        foreign = tuple(claim for claim in claims if claim not in believed)
        signal, address = believed[0] if believed else ("none", "")
        rivals = tuple(claim for claim in believed[1:] if claim[1] != address)
        evidence["canonical_url"] = Evidence(signal, address, rivals + foreign)
    flags = ("canonical_elsewhere",) if len(believed) < len(claims) else ()
    if not believed:
        return None, flags
    try:
        return clean(believed[0][1]), flags
    except ValueError:  # too long, or credentials in it
        return None, (*flags, "canonical_refused")


def _first(
    name: str, signals: Iterable[tuple[str, str | None]], evidence: dict[str, Evidence]
) -> str | None:
    given = [(signal, value) for signal, value in signals if value]
    if not given:
        return None
    (signal, value), *others = given
    rivals = tuple(other for other in others if other[1] != value)
    evidence[name] = Evidence(signal, value, rivals)
    return value


def _keywords(head: Head, story: Story) -> tuple[str, ...]:
    """Return the first signal that has any: article:tag, JSON-LD, news_keywords, keywords."""
    listed = (
        head.all("article:tag"),
        story.keywords,
        [part for value in head.all("news_keywords") for part in value.split(",")],
        [part for value in head.all("keywords") for part in value.split(",")],
    )
    for values in listed:
        words = dict.fromkeys(
            word[:_MAX_KEYWORD_CHARS] for value in values if (word := one_line(value))
        )
        if words:
            return tuple(words)[:_MAX_KEYWORDS]
    return ()


def _paywalled(head: Head, story: Story, evidence: dict[str, Evidence]) -> bool | None:
    """Tell what the publisher's own markup says; phrases on the page prove nothing."""
    tier = (head.first("article:content_tier") or "").lower()
    free = {"true": True, "false": False}.get((head.first("isaccessibleforfree") or "").lower())
    claims: list[tuple[str, bool]] = []
    if story.free is not None:
        claims.append(("json-ld:isAccessibleForFree", not story.free))
    if free is not None:
        claims.append(("microdata:isAccessibleForFree", not free))
    if tier in _PAYWALL_TIERS:
        claims.append(("article:content_tier", _PAYWALL_TIERS[tier]))
    if not claims:
        return None
    (signal, value), *others = claims
    rivals = tuple((other, str(said)) for other, said in others if said != value)
    evidence["paywalled"] = Evidence(signal, str(value), rivals)
    return value
