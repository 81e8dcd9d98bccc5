"""Which entry is which, and which text is the same text."""

from feed_documents import NOW, item, parse, rss
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.identity import Identified, keys, normal_guid


def keys_of(*items):
    return [entry.key for entry in parse(rss(*items)).entries]


def test_reissued_and_secured_guids_are_one_entry():
    forms = ["http://b.example/news/1#0", "http://b.example/news/1#1", "https://b.example/news/1"]
    assert len({normal_guid(form) for form in forms}) == 1
    assert len({keys_of(item(guid=form))[0] for form in forms}) == 1


def test_a_fragment_that_is_no_counter_stays():
    assert normal_guid("http://b.example/live#goal") != normal_guid("http://b.example/live")


def test_one_guid_on_all_items_says_nothing():
    assert len(set(keys_of(*(item(n, guid="same") for n in range(20))))) == 20


def test_without_a_guid_the_link_decides_whatever_the_date():
    monday = keys_of(item(date="Mon, 09 Sep 2019 10:00:00 GMT"))
    assert monday == keys_of(item(date="Tue, 10 Sep 2019 10:00:00 GMT"))


def test_without_guid_and_link_title_and_day_decide():
    def key(date, title="Words"):
        return keys_of(item(title=title, link="", date=date))[0]

    assert key("Mon, 09 Sep 2019 10:00:00 GMT") == key("Mon, 09 Sep 2019 22:00:00 GMT")
    assert key("Mon, 09 Sep 2019 10:00:00 GMT") != key("Tue, 10 Sep 2019 10:00:00 GMT")


def test_a_day_in_the_future_is_the_claimed_one():
    """The clamped one would be another with every poll, and so would the entry."""
    ahead = item(title="Words", link="", date="Wed, 11 Sep 2019 10:00:00 GMT")
    assert parse(rss(ahead)).entries[0].key.endswith("2019-09-11")


def test_one_home_page_as_every_link_says_nothing():
    assert len(set(keys_of(*(item(n, link="http://feeds.example/") for n in range(5))))) == 5


def test_an_item_listed_twice_is_one_entry():
    parsed = parse(rss(item(1, guid="a"), item(1, guid="a"), item(2, guid="b")))
    assert [entry.key for entry in parsed.entries] == ["guid:a", "guid:b"]
    assert parsed.dropped == {"repeated": 1}


def test_guid_as_link_only_when_it_is_a_permanent_address():
    def link(guid):
        return parse(rss(f"<item><title>T</title>{guid}</item>")).entries[0].link

    assert link('<guid isPermaLink="true">http://b.example/1</guid>') == "http://b.example/1"
    assert link("<guid>http://b.example/1</guid>") == "http://b.example/1"
    assert link('<guid isPermaLink="false">http://b.example/1</guid>') is None
    assert link("<guid>333483</guid>") is None


def test_the_content_hash_knows_no_clock_but_knows_the_words():
    def content_hash(**values):
        return parse(rss(item(**values)), fetched_at=NOW).entries[0].content_hash

    first = content_hash(date="Mon, 09 Sep 2019 10:00:00 GMT")
    assert first == content_hash(date="Tue, 10 Sep 2019 10:00:00 GMT")
    assert first != content_hash(title="Corrected headline")


things = st.builds(
    Identified,
    guid=st.none() | st.sampled_from(["", "a", "b", "http://x/1#0", "https://x/1#1"]),
    link=st.none() | st.sampled_from(["http://x/1", "http://x/2?utm_source=y", "not a link"]),
    title=st.sampled_from(["", "One", "one ", "Two"]),
    day=st.sampled_from(["", "2019-09-10"]),
    text_hash=st.sampled_from(["p", "q"]),
)


@given(st.lists(things, max_size=12))
def test_keys_are_never_empty_and_equal_things_are_equal(listed):
    found = keys(listed)
    assert all(key and not key.endswith(":") for key in found)
    assert keys(listed + listed) == found + found
