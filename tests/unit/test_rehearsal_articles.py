"""The articles of the rehearsal world: well-formed, as varied as promised, and truly labelled."""

import re
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.rehearsal.articles import FOLDER, load_articles
from pipeline.rehearsal.outlets import OUTLETS

ARTICLES = load_articles()
OWN = [article for article in ARTICLES if article.wire_of is None]
OUTLET = {outlet.slug: outlet for outlet in OUTLETS}
NAMES = tomllib.loads((FOLDER / "names.toml").read_text("utf-8"))
KINDS = ("people", "organisations", "places")

PREFIXES = {
    "anadolu-ufku": "au",
    "bosphorus-courier": "bc",
    "courrier-du-rhone": "cr",
    "kuzey-postasi": "kp",
    "levant-gazette": "lg",
    "meridian-wire": "mw",
    "nahr-alakhbar": "na",
    "potomac-ledger": "pl",
    "rheinblatt": "rb",
    "stadium-tribune": "st",
}
AT_LEAST = {
    "anadolu-ufku": 7,
    "bosphorus-courier": 12,
    "courrier-du-rhone": 7,
    "kuzey-postasi": 9,
    "levant-gazette": 8,
    "meridian-wire": 9,
    "nahr-alakhbar": 8,
    "potomac-ledger": 9,
    "rheinblatt": 7,
    "stadium-tribune": 5,
}
TOPICS = {
    "safe-zone",
    "security-mechanism",
    "combined-patrol",
    "peace-corridor",
    "displaced-people-return",
    "joint-operations-centre",
    "unilateral-operation",
    "counter-isis",
    "sanctions",
    "nato",
    "ceasefire",
    "humanitarian-aid",
    "refugees",
    "diplomacy-talks",
    "elections",
    "economy",
    "sport",
}
#: Words that are frequent in one of the languages and not words of the others.
FREQUENT = {
    "en": {"the", "and", "of", "that", "was", "with"},
    "tr": {"ve", "bir", "bu", "için", "ile", "olarak"},
    "de": {"der", "und", "die", "nicht", "das", "mit"},
    "fr": {"le", "les", "et", "une", "dans", "du"},
    "ar": {"في", "من", "على", "أن", "إلى", "التي"},
}
#: What a form may carry right before it: Arabic conjunction and preposition, French elision.
BEFORE = r"(?:(?<![^\W_])|(?<=\b[وفبلك])|(?<=\b[وف][بلك])|(?<=\b[lLdD]['\u2019]))"
FORMS = {
    form: (kind, name) for kind in KINDS for name, forms in NAMES[kind].items() for form in forms
}
FORM = re.compile(
    f"{BEFORE}({'|'.join(re.escape(form) for form in sorted(FORMS, key=len, reverse=True))})"
    r"(?![^\W_])"
)
#: The bird, not the country.
NOT_NAMES = {("st-turkey-market", "Turkey")}


def text_of(article, number=0):
    version = article.versions[number]
    return "\n\n".join((version.title, *version.paragraphs))


def word_count(article):
    return len(" ".join(article.versions[0].paragraphs).split())


def named_in(text):
    return {FORMS[match.group(1)] for match in FORM.finditer(text)}


def front_matter(article):
    path = FOLDER / article.outlet / f"{article.id}.md"
    return tomllib.loads(path.read_text("utf-8").split("+++")[1])


def by_id(article):
    return article.id


def test_every_outlet_has_its_articles():
    counts = Counter(article.outlet for article in ARTICLES)
    assert set(counts) == set(OUTLET)
    assert {slug: counts[slug] for slug, least in AT_LEAST.items() if counts[slug] < least} == {}
    assert len(OWN) >= 70


@pytest.mark.parametrize("article", ARTICLES, ids=by_id)
def test_language_and_id_are_those_of_the_outlet(article):
    assert article.language == OUTLET[article.outlet].language
    assert article.id.startswith(PREFIXES[article.outlet] + "-")


@pytest.mark.parametrize("article", ARTICLES, ids=by_id)
def test_text_is_written_in_the_language_it_claims(article):
    words = Counter(re.findall(r"\w+", text_of(article).lower()))
    hits = {code: sum(words[word] for word in known) for code, known in FREQUENT.items()}
    assert max(hits, key=hits.__getitem__) == article.language


@pytest.mark.parametrize("article", ARTICLES, ids=by_id)
def test_every_version_can_be_written_in_the_encoding_of_its_outlet(article):
    encoding = OUTLET[article.outlet].encoding
    for number in range(len(article.versions)):
        whole = "".join((text_of(article, number), article.standfirst, *article.authors))
        assert whole.encode(encoding).decode(encoding) == whole


@pytest.mark.parametrize("article", ARTICLES, ids=by_id)
def test_times_carry_the_offset_of_the_outlet_on_that_day(article):
    front = front_matter(article)
    zone = ZoneInfo(OUTLET[article.outlet].timezone)
    times = [front["published_at"], *(edit["at"] for edit in front.get("edit", ()))]
    times += [front["retracted"]["at"]] if "retracted" in front else []
    assert [at.utcoffset() for at in times] == [at.astimezone(zone).utcoffset() for at in times]


def test_publication_spreads_from_the_agreement_to_the_end_of_october():
    first, last = ARTICLES[0].published_at, ARTICLES[-1].published_at
    assert first >= datetime(2019, 8, 7, tzinfo=UTC)
    assert last < datetime(2019, 10, 31, tzinfo=UTC)
    weeks = Counter((article.published_at - first) // timedelta(days=7) for article in ARTICLES)
    assert set(weeks) == set(range((last - first) // timedelta(days=7) + 1))


def test_no_two_articles_share_a_paragraph_or_a_title_but_for_wire_copies():
    paragraphs = Counter(part for article in OWN for part in article.versions[0].paragraphs)
    titles = Counter(article.versions[0].title for article in OWN)
    assert [part for part, count in (paragraphs + titles).items() if count > 1] == []


def test_lengths_are_those_of_news():
    counts = {article.id: word_count(article) for article in OWN}
    usual = [number for number in counts.values() if 150 <= number <= 380]
    assert len(usual) >= 0.9 * len(counts)
    assert len([number for number in counts.values() if 60 <= number <= 90]) == 2
    assert len([number for number in counts.values() if number >= 700]) == 2
    assert min(counts.values()) >= 60


def test_six_wire_copies_stand_at_other_english_outlets():
    copies = [article for article in ARTICLES if article.wire_of]
    originals = {article.id: article for article in ARTICLES}
    assert len(copies) == 6
    for copy in copies:
        original = originals[copy.wire_of]
        assert (original.outlet, copy.language) == ("meridian-wire", "en")
        assert copy.outlet != original.outlet
        assert copy.versions[0].paragraphs == original.versions[0].paragraphs
        assert set(copy.names.people) == set(original.names.people)
        assert copy.names.topics == original.names.topics


def test_headlines_and_bodies_are_edited_and_two_articles_taken_back():
    edited = [article for article in ARTICLES if len(article.versions) > 1]
    new_title = [a.id for a in edited if a.versions[0].title != a.versions[-1].title]
    new_text = [a.id for a in edited if a.versions[0].paragraphs != a.versions[-1].paragraphs]
    assert len(edited) >= 6
    assert len(new_title) >= 2
    assert len(new_text) >= 3
    assert {article.language for article in edited} >= {"en", "tr", "de"}
    gone = [article for article in ARTICLES if article.retracted_at]
    assert sorted(article.retracted_status for article in gone) == [404, 410]


def test_there_are_lists_a_live_page_and_spoken_words():
    texts = [article.versions[0].paragraphs for article in OWN]
    listed = [parts for parts in texts if sum(part.startswith("- ") for part in parts) >= 3]
    live = [
        parts for parts in texts if sum(bool(re.match(r"\d\d:\d\d \u2013 ", p)) for p in parts) > 5
    ]
    quoted = [parts for parts in texts if re.search(r'"\w|“|»|«', " ".join(parts))]
    assert (len(listed) >= 2, len(live), len(quoted) >= 10) == (True, 1, True)


@pytest.mark.parametrize("article", ARTICLES, ids=by_id)
def test_gold_names_are_exactly_those_that_occur_in_title_and_text(article):
    for number in range(len(article.versions)):
        found = named_in(text_of(article, number))
        found -= {(kind, name) for kind, name in found if (article.id, name) in NOT_NAMES}
        gold = {(kind, name) for kind in KINDS for name in getattr(article.names, kind)}
        assert gold == found


@pytest.mark.parametrize("article", ARTICLES, ids=by_id)
def test_topics_come_from_the_agreed_list(article):
    assert article.names.topics
    assert set(article.names.topics) <= TOPICS


def test_sport_is_never_about_the_zone_in_syria():
    sport = [article for article in ARTICLES if article.outlet == "stadium-tribune"]
    assert sum("safe zone" in text_of(article) for article in sport) >= 3
    assert not any("safe-zone" in article.names.topics for article in sport)
    assert sum("safe-zone" in article.names.topics for article in ARTICLES) >= 45


def test_every_name_is_written_somewhere_and_no_form_belongs_to_two():
    forms = Counter(form for kind in KINDS for each in NAMES[kind].values() for form in each)
    assert [form for form, count in forms.items() if count > 1] == []
    used = {name for article in ARTICLES for kind in KINDS for name in getattr(article.names, kind)}
    assert {name for kind in KINDS for name in NAMES[kind]} - used == set()


def test_both_spellings_of_the_commands_and_groups_occur():
    whole = "\n".join(map(text_of, OWN))
    for form in ("U.S. European Command", "EUCOM", "U.S. Central Command", "CENTCOM", "SDF", "PKK"):
        assert form in whole
    for form in (
        "ISIS",
        "DEAŞ",
        "داعش",
        "General Staff",
        "combined joint operations center (CJOC)",
    ):
        assert form in whole


@pytest.mark.corpora
def test_no_run_of_eight_words_comes_from_the_seed_article(corpora):
    def runs(text):
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[at : at + 8]) for at in range(len(words) - 7)}

    seed = set().union(
        *(runs(path.read_text("utf-8")) for path in (corpora / "seed").glob("*.txt"))
    )
    assert seed
    assert {article.id for article in ARTICLES if runs(text_of(article)) & seed} == set()
