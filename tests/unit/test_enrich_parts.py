"""What changes when one enricher is run again."""

from dataclasses import replace

import pytest

from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.parts import PARTS, READERS, with_part

TEXT = "“We will patrol,” Heiko Maas said on Monday. Turkey and Syria agreed on a safe zone."


@pytest.fixture(scope="module")
def made(root):
    return Enrichers.load(root / "config").enrich(title="", text=TEXT, language="en")


@pytest.fixture
def kept(made):
    """The same, by older enrichers that found nothing."""
    nothing = {
        name: () for parts in PARTS.values() for name in parts
        if isinstance(getattr(made, name), tuple)
    }  # fmt: skip
    return replace(made, **nothing, terms={}, versions=dict.fromkeys(made.versions, "old"))


def test_every_part_of_an_enrichment_is_somebody_s():
    assert set(READERS) <= set(PARTS)
    assert {name for readers in READERS.values() for name in readers} <= set(PARTS)


def test_who_reads_names_is_run_again_with_them(kept, made):
    assert made.quotes
    assert made.terms
    found = with_part(kept, made, "entities")
    assert (found.entities, found.quotes, found.terms) == (made.entities, made.quotes, made.terms)
    assert (found.topics, found.dates) == (kept.topics, kept.dates)
    new = {name for name, version in found.versions.items() if version != "old"}
    assert new == {"entities", "places", "quotes", "stories", "key_phrases"}


def test_what_nobody_reads_changes_alone(kept, made):
    found = with_part(kept, made, "dates")
    assert found == replace(
        kept, dates=made.dates, versions={**kept.versions, "dates": made.versions["dates"]}
    )


def test_a_reader_that_fails_leaves_what_there_was(kept, made):
    failing = replace(made, quotes=(), failed={"quotes": "ValueError"})
    earlier = replace(kept, quotes=made.quotes)
    found = with_part(earlier, failing, "entities")
    assert found.quotes == made.quotes
    assert found.versions["quotes"] == "old"
    assert found.entities == made.entities
