"""What a document says stands where: each with its evidence, and links that lead to more."""

from support_index import article

from pipeline.serve.pages.marking import marked_paragraphs
from pipeline.serve.pages.spans import all_spans, found_in, in_words, links_of


def mention(start, end, surface, part="text", **more):
    return {"start": start, "end": end, "surface": surface, "part": part, **more}


def told():
    """An article with one of everything."""
    document = article("a", "Ada in Kobani", 'Ada said on Monday: "The zone is safe."')
    document["entities"] = [
        {"id": "ada", "name": "Ada", "type": "person", "engine": "gazetteer", "mentions": [
            mention(0, 3, "Ada", "title", score=1.0, why="name"),
            mention(0, 3, "Ada", score=0.7, why="surname+full_name_before")]},
        {"id": "kobani", "name": "Kobani", "type": "place", "engine": "geonames", "mentions": [
            mention(7, 13, "Kobani", "title", score=0.9, why="country")]},
    ]  # fmt: skip
    document["places"] = [
        {"name": "Kobani", "scene_score": 0.8, "location": None, "kind": "city", "country": "SY",
         "reasons": [mention(7, 13, "Kobani", "title", reason="title")]},
    ]  # fmt: skip
    document["topics"] = [
        {"id": "zone", "name": "Safe zone", "score": 0.5, "evidence": [
            mention(25, 37, "zone is safe"), mention(0, 5, "world", "section")]},
    ]  # fmt: skip
    document["quotes"] = [
        {"start": 21, "end": 38, "text": "The zone is safe.", "speaker": "Ada", "why": "verb"},
    ]  # fmt: skip
    document["dates_mentioned"] = [mention(12, 18, "Monday", value="2019-09-09")]
    return document


def test_everything_found_has_its_score_its_places_and_why():
    ada, kobani, zone = found_in(told())
    assert (ada.kind, ada.name, ada.score) == ("person", "Ada", 1.0)
    assert [(at.part, at.why) for at in ada.places] == [
        ("title", ""), ("text", "surname, full name before"),
    ]  # fmt: skip
    assert kobani.notes == ("may be where it happened (0.80): title",)
    assert zone.beside == ("section: world",)
    assert len({at.key for one in (ada, kobani, zone) for at in one.places}) == 4


def test_a_text_says_what_stands_where():
    document = told()
    _, body = all_spans(document, found_in(document), "zones -monday")
    says = {(document["text"][one.start : one.end], one.kind): one.says for one in body}
    assert says == {
        ("Ada", "person"): "Person Ada (0.70): surname, full name before",
        ("zone is safe", "topic"): "Topic Safe zone (0.50)",
        ("The zone is safe.", "quote"): "Said by Ada",
        ("Monday", "date"): "Means 2019-09-09",
        ("zone", "hit"): "Looked for",
    }
    markup = marked_paragraphs(document["text"], body)
    assert 'class="quote topic hit"' in markup
    assert '<a href="/entity?person=Ada">Ada</a>' in markup


def test_a_query_that_cannot_be_read_marks_nothing():
    document = told()
    assert all(one.kind != "hit" for one in all_spans(document, found_in(document), '"open')[1])


def test_people_have_pages_and_topics_searches():
    assert links_of(found_in(told())) == {
        ("person", "Ada"): "/entity?person=Ada",
        ("place", "Kobani"): "/entity?place=Kobani",
        ("topic", "Safe zone"): "/?topic=Safe+zone",
    }


def test_a_name_that_stands_on_every_line_is_marked_so_often_and_no_more():
    document = article("a", text="Ada. " * 60)
    document["entities"] = [
        {
            "id": "ada",
            "name": "Ada",
            "type": "person",
            "engine": "gazetteer",
            "mentions": [mention(5 * n, 5 * n + 3, "Ada") for n in range(60)],
        }
    ]
    (ada,) = found_in(document)
    assert (len(ada.places), ada.more) == (40, 20)


def test_slugs_are_words_and_a_plain_name_needs_none():
    assert in_words("subject_before+cited") == "subject before, cited"
    assert in_words("name") == in_words(None) == ""
