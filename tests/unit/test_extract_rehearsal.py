"""The pages of the rehearsal world, written apart from the extractor, come out as they went in."""

from datetime import UTC, datetime

import pytest

from pipeline.config import ExtractSettings
from pipeline.extract.page import extract_page
from pipeline.extract.plain import words
from pipeline.rehearsal.articles import load_articles
from pipeline.rehearsal.outlets import OUTLETS
from pipeline.rehearsal.pages import article_page, front_page
from pipeline.rehearsal.script import Script
from pipeline.rehearsal.sites import Sites

NOW = datetime(2019, 10, 3, tzinfo=UTC)
SITES = Sites(OUTLETS, load_articles(), Script.model_validate({"event": [], "link": []}), 80)
PUBLISHED = [article for article in SITES.articles.values() if article.version(NOW)]


def extract(body, url, outlet):
    return extract_page(
        body,
        url=url,
        content_type=f"text/html; charset={outlet.encoding}",
        fetched_at=NOW,
        settings=ExtractSettings(),
        language=outlet.language,
        timezone=outlet.timezone,
    )


@pytest.mark.parametrize("article", PUBLISHED, ids=lambda article: article.id)
def test_title_and_text_come_out_whole_and_nothing_else_does(article):
    outlet, version = SITES.outlet_of(article), article.version(NOW)
    body = article_page(SITES, article, version, NOW, which="article", paywalled=False)

    found = extract(body, SITES.url(article), outlet)

    text = " ".join(version.paragraphs)
    assert (found.reason, found.title, found.language) == (None, version.title, article.language)
    # What an outlet puts between headline and text may count as text.
    assert words(found.text) in (words(text), words(f"{article.standfirst} {text}"))


@pytest.mark.parametrize("outlet", OUTLETS, ids=lambda outlet: outlet.slug)
@pytest.mark.parametrize("section", [None, "world"])
def test_front_and_section_pages_are_no_articles(outlet, section):
    body = front_page(SITES, outlet, NOW, section=section)

    found = extract(body, SITES.origin(outlet) + "/", outlet)

    assert found.reason in ("not_article", "too_short")
