"""Decides what an article is to earlier articles with the same text."""

from collections.abc import Sequence

from pipeline.work import Grouping


def decide_grouping(
    article_id: str,
    publisher: str,
    matches: Sequence[tuple[str, str]],
) -> Grouping:
    """Return the group of an article, given (article_id, publisher) of its copies, earliest first.

    `matches` holds only articles that were seen earlier. One of the same publisher makes this a
    duplicate of it. One at another outlet makes it a syndicated copy: its `syndication_id` is the
    article id of the earliest copy anywhere. The first article of a group has None: whoever looks
    for the whole group asks for its article id too.
    """
    earlier = [match for match in matches if match[0] != article_id]
    duplicate_of = next((other for other, owner in earlier if owner == publisher), None)
    elsewhere = any(owner != publisher for _, owner in earlier)
    return Grouping(duplicate_of, earlier[0][0] if elsewhere else None)
