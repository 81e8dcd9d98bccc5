"""Article files of the rehearsal world: what is read from them, and what is refused."""

import pytest
from rehearsal_samples import at

from pipeline.errors import ConfigError
from pipeline.rehearsal.articles import FOLDER, load_articles
from pipeline.rehearsal.outlets import OUTLETS

PLAIN = """+++
id = "bridge"
outlet = "bosphorus-courier"
language = "en"
section = "world"
title = "The bridge"
published_at = 2019-09-08T17:40:00+03:00
people = ["Ada Example"]
{more}
+++
First paragraph,
on two lines.

Second paragraph.
"""


LATER = "at = 2019-09-08T20:00:00Z"


def write(folder, outlet="bosphorus-courier", name="bridge", more="", text=PLAIN):
    path = folder / outlet / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace("{more}", more), "utf-8")
    return path


def faults_of(folder):
    with pytest.raises(ConfigError) as caught:
        load_articles(folder)
    return [(fault.key, fault.problem) for fault in caught.value.faults]


def test_front_matter_and_paragraphs_are_read(tmp_path):
    write(tmp_path)
    (article,) = load_articles(tmp_path)
    assert article.published_at == at("2019-09-08T14:40")
    assert article.versions[0].paragraphs == ("First paragraph, on two lines.", "Second paragraph.")
    assert article.names.people == ("Ada Example",)


def test_edits_make_versions_each_on_top_of_the_last(tmp_path):
    write(
        tmp_path,
        more="""
[[edit]]
at = 2019-09-08T20:00:00+03:00
title = "The old bridge"
[[edit]]
at = 2019-09-09T20:00:00+03:00
replace = ["Second paragraph.", "Another ending."]
""",
    )
    (article,) = load_articles(tmp_path)
    before, between, after = (
        article.version(at(when))
        for when in ("2019-09-08T16:59", "2019-09-08T17:00", "2019-09-09T17:00")
    )
    assert (before.title, between.title, after.title) == ("The bridge", *["The old bridge"] * 2)
    assert between.paragraphs[-1] == "Second paragraph."
    assert after.paragraphs[-1] == "Another ending."
    assert [article.edits(at(when)) for when in ("2019-09-08T16:00", "2019-09-30")] == [0, 2]


def test_an_article_is_not_there_before_it_is_published_nor_after_its_retraction(tmp_path):
    write(tmp_path, more="[retracted]\nat = 2019-09-10T09:00:00+03:00\nstatus = 404")
    (article,) = load_articles(tmp_path)
    assert article.version(at("2019-09-08T14:39")) is None
    assert article.version(at("2019-09-10T05:59")) is not None
    assert article.version(at("2019-09-10T06:00")) is None
    assert article.retracted_status == 404


def test_a_wire_copy_has_the_text_of_its_original_and_its_own_title(tmp_path):
    write(tmp_path)
    copy = PLAIN.split("First", maxsplit=1)[0].replace("The bridge", "Bridge!")
    copy = copy.replace('"bridge"', '"copy"')
    write(
        tmp_path,
        "levant-gazette",
        "copy",
        'wire_of = "bridge"',
        copy.replace("bosphorus-courier", "levant-gazette").replace("17:40", "18:40"),
    )
    original, copied = load_articles(tmp_path)
    assert copied.versions[0].paragraphs == original.versions[0].paragraphs
    assert copied.versions[0].title == "Bridge!"
    assert copied.wire_of == "bridge"


def test_faults_of_all_files_are_reported_at_once(tmp_path):
    write(tmp_path, name="no-front", text="Just text.")
    write(tmp_path, name="no-toml", text="+++\nid = \n+++\nText.")
    write(tmp_path, name="elsewhere")
    write(tmp_path, "levant-gazette", "bridge", more="colour = 'red'")
    write(tmp_path, "rheinblatt", "bridge", more="wire_of = 'nowhere'")
    keys = [key for key, _ in faults_of(tmp_path)]
    assert keys == ["id", "(file)", "(front matter)", "colour", "id"]


@pytest.mark.parametrize(
    ("more", "key", "problem"),
    [
        (f"[[edit]]\n{LATER}", "edit[0]", "changes neither"),
        (f'[[edit]]\n{LATER}\nreplace = ["x y", "z"]', "edit[0].replace", "0 times"),
        ('[[edit]]\nat = 2019-09-08T10:00:00Z\ntitle = "T"', "edit[0].at", "after the last"),
        ("[retracted]\nat = 2019-09-08T10:00:00Z", "retracted.at", "after all edits"),
        ("[retracted]\nat = 2019-09-18T10:00:00Z\nstatus = 500", "retracted.status", "404 or 410"),
        ('wire_of = "nowhere"', "wire_of", "a copy has no text"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(tmp_path, more, key, problem):
    write(tmp_path, more=more)
    faults = dict(reversed(faults_of(tmp_path)))
    assert problem in faults[key]


def test_a_publication_time_without_zone_is_refused(tmp_path):
    write(tmp_path, text=PLAIN.replace("17:40:00+03:00", "17:40:00"))
    assert "needs an offset" in dict(faults_of(tmp_path))["published_at"]


def test_the_articles_that_ship_are_sound_and_of_known_outlets():
    articles = load_articles(FOLDER)
    languages = {outlet.slug: outlet.language for outlet in OUTLETS}
    assert len(articles) >= 60
    assert len({article.language for article in articles}) >= 4
    assert {article.outlet for article in articles} == set(languages)
    assert all(article.language == languages[article.outlet] for article in articles)
