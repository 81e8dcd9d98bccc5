"""Copies and stories against what people say belongs together, through the ledger itself.

Floors are what was measured when they were pinned; a change may raise them, never lower them.
"""

import json
from collections import defaultdict

import pytest
from support_ledger import NOW
from support_stories import Told, groups, tell

from pipeline.adapters.ledger import open_ledger
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.grouping import COPY
from pipeline.enrich.shingles import band_keys, containment, word_runs
from pipeline.rehearsal.articles import load_articles

#: Articles of the rehearsal world that report one event, by our own reading.
EVENTS = (
    (
        "mw-ankara-talks-agreement pl-turkey-us-joint-centre kp-ankara-mutabakat cr-accord-a-ankara"
        " bc-what-the-deal-says na-ittifaq-ankara rb-einigung-ohne-karte au-guvenli-bolge-nedir"
    ),
    "mw-damascus-rejects-deal lg-damascus-rejects-zone",
    "mw-joint-centre-fully-operational kp-harekat-merkezi-tam-kapasite cr-centre-operationnel",
    "bc-open-the-gates rb-drohung-mit-den-toren",
    (
        "mw-first-ground-patrol pl-first-ground-patrol kp-ilk-kara-devriyesi na-awwal-dawriya"
        " bc-first-joint-patrol rb-patrouille-bei-tal-abyad"
    ),
    "kp-genelkurmay-amerikali-generaller na-junralat-fi-ankara bc-generals-in-ankara",
    "mw-second-ground-patrol bc-second-joint-patrol cr-deuxieme-patrouille",
    "au-bm-harita bc-erdogan-map-un",
    "pl-withdrawal-announcement cr-retrait-americain",
    "kp-baris-pinari-basladi mw-live-operation-begins",
    "na-ijtima3-al-jami3a lg-arab-league-cairo",
    "na-ittifaq-qasad-dimashq cr-damas-revient",
    "au-pence-mutabakati bc-pence-pause",
    (
        "mw-sochi-memorandum kp-soci-mutabakati lg-sochi-memorandum na-tafahum-sochi"
        " cr-sotchi-maitre-du-jeu"
    ),
    "mw-baghdadi-raid au-bagdadi-operasyonu bc-baghdadi-killed",
)


def b_cubed(found, wanted):
    """Return (F1, precision, recall): how much of its own story each article is together with."""
    by_found, by_wanted = defaultdict(set), defaultdict(set)
    for key in wanted:
        by_found[found[key]].add(key)
        by_wanted[wanted[key]].add(key)
    shared = [(by_found[found[key]] & by_wanted[wanted[key]], key) for key in wanted]
    precision = sum(len(s) / len(by_found[found[key]]) for s, key in shared) / len(wanted)
    recall = sum(len(s) / len(by_wanted[wanted[key]]) for s, key in shared) / len(wanted)
    return 2 * precision * recall / (precision + recall), precision, recall


def stories(ledger, told):
    """Return key → story."""
    return {key: row[3] for key, row in groups(ledger, *told).items()}


@pytest.fixture
def sqlite(tmp_path):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def world(root):
    """Every article of the rehearsal world as it first appeared, enriched, in order of time."""
    enrichers = Enrichers.load(root / "config")
    told = []
    for article in sorted(load_articles(), key=lambda one: (one.published_at, one.id)):
        title, text = article.versions[0].title, "\n\n".join(article.versions[0].paragraphs)
        said = enrichers.enrich(title=title, text=text, language=None)
        told.append(Told(article.id, title, text, article.outlet, article.published_at, said=said))
    return told


def test_the_wire_copies_of_the_rehearsal_world_are_found_and_nothing_else(sqlite, world):
    for one in world:
        tell(sqlite, one)
    found = groups(sqlite, *world)
    copies = {article.id: article.wire_of for article in load_articles() if article.wire_of}
    together = defaultdict(set)
    for key, (_, duplicate_of, syndication_id, _) in found.items():
        assert duplicate_of is None
        if syndication_id is not None:
            together[syndication_id].add(key)
    assert {frozenset(keys) for keys in together.values()} == {
        frozenset(pair) for pair in copies.items()
    }
    wanted = {one.key: one.key for one in world}
    wanted |= {key: event for event in EVENTS for key in event.split()}
    f1, precision, recall = b_cubed(stories(sqlite, world), wanted)
    figures = f"F1 {f1:.3f}, precision {precision:.3f}, recall {recall:.3f}"
    assert f1 >= 0.92, figures
    assert precision >= 0.95, figures


@pytest.mark.corpora
def test_changed_copies_of_a_text_are_recognised_and_shared_leads_are_not(corpora):
    path = corpora / "enrich/neardup/wikinews_variants_dev.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    runs = {row["id"]: word_runs(row["text"]) for row in rows}
    keys = {id_: set(band_keys(found)) for id_, found in runs.items()}
    bases = {row["group"]: row["id"] for row in rows if row["kind"] == "base"}

    def are_copies(one, other):
        return bool(keys[one] & keys[other]) and containment(runs[one], runs[other]) >= COPY

    found = defaultdict(list)
    for row in rows:
        if row["kind"] != "base":
            found[row["kind"]].append(are_copies(row["id"], bases[row["group"].rstrip("x")]))
    assert len(found) == 8
    shares = {kind: sum(right) / len(right) for kind, right in found.items()}
    assert shares.pop("NEG_same_lead_only") == 0
    assert {kind: share for kind, share in shares.items() if share < 1.0} == {}


@pytest.mark.corpora
def test_headlines_of_one_story_end_up_together(corpora, sqlite):
    path = corpora / "enrich/stories/uci_headlines_dev.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    told = [Told(row["id"], row["title"], seen_at=NOW) for row in rows]
    tell(sqlite, *told)
    f1, precision, recall = b_cubed(
        stories(sqlite, told), {row["id"]: row["story"] for row in rows}
    )
    figures = f"F1 {f1:.3f}, precision {precision:.3f}, recall {recall:.3f}"
    assert f1 >= 0.75, figures
    assert precision >= 0.85, figures
