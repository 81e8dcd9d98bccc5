"""Thousands of distinct articles over many hosts, for benchmarks and soak tests.

Sentences are drawn from small grammars of ours with a seeded generator: the same count and seed
give the same world, and no two articles share their text.
"""

import random
from datetime import UTC, datetime, timedelta

from pipeline.rehearsal.articles import Article, Names, Version
from pipeline.rehearsal.outlets import FeedSpec, Outlet

START_AT = datetime(2019, 8, 7, 6, 0, tzinfo=UTC)
EVERY = timedelta(seconds=30)  # between two publications, over all hosts
_PARAGRAPHS = (6, 14)
_SENTENCES = (2, 5)

_WHO = (
    "The harbour authority", "A spokesman for the ministry", "The regional council",
    "Two officials familiar with the plan", "The head of the delegation", "A group of engineers",
    "The finance committee", "Aid workers in the camp", "The joint operations center",
    "A retired general", "Residents of the border town", "The foreign ministry",
)  # fmt: skip
_DID = (
    "confirmed that", "denied reports that", "told reporters that", "warned on Monday that",
    "said in a written statement that", "insisted that", "expected that", "hoped that",
    "made clear that", "repeated that",
)  # fmt: skip
_WHAT = (
    "the new bridge", "a second patrol along the border", "the budget for the coming year",
    "the return of displaced families", "the repair of the water works", "the talks on fishing",
    "the safe zone in the north", "an agreement on wheat prices", "the railway timetable",
    "the shipment of winter tents", "the observation post", "the census of small farms",
)  # fmt: skip
_HOW = (
    "would be ready within {n} days", "had been delayed by {n} weeks",
    "would cost {n} million more than planned", "had the support of {n} members",
    "would reach {n} villages", "was discussed for {n} hours without a result",
    "covered {n} kilometres", "had drawn {n} written objections",
)  # fmt: skip
_WHERE = (
    "in the valley", "near the river", "on the coast", "in the capital", "at the old airfield",
    "in the eastern districts", "behind the market", "along the highway",
)  # fmt: skip


def synthetic_outlets(hosts: int, articles: int, *, feed_size: int | None = None) -> list[Outlet]:
    """Return hosts h0001, h0002, …, each with one RSS feed that lists all of its articles.

    `feed_size` makes feeds list only so many of the newest.
    """
    per_host = -(-articles // hosts)
    return [
        Outlet(
            slug=f"h{number:04}",
            name=f"Herald {number:04}",
            language="en",
            country="GB",
            timezone="Europe/London",
            path="/{section}/{id}",
            layout=("broadsheet", "portal", "agency", "magazine")[number % 4],
            feeds=(
                FeedSpec(id=f"h{number:04}", path="/rss", format="rss", size=feed_size or per_host),
            ),
        )
        for number in range(1, hosts + 1)
    ]


def synthetic_articles(count: int, seed: int, *, hosts: int = 100) -> tuple[Article, ...]:
    """Return distinct articles, one every 30 seconds, going round the hosts; oldest first."""
    return tuple(_article(number, seed, hosts) for number in range(count))


def _article(number: int, seed: int, hosts: int) -> Article:
    """Return one article; it depends on its number and the seed alone."""
    # A generator of texts needs to be repeatable, not secret.
    draw = random.Random(f"{seed}:{number}")  # noqa: S311
    subject = draw.choice(_WHAT)
    title = f"{draw.choice(_WHO)} speaks on {subject.removeprefix('the ')} (No. {number + 1})"
    paragraphs = [
        " ".join(_sentence(draw) for _ in range(draw.randint(*_SENTENCES)))
        for _ in range(draw.randint(*_PARAGRAPHS))
    ]
    paragraphs[0] = f"Report {number + 1} of series {seed}: {paragraphs[0]}"
    return Article(
        id=f"report-{number + 1:06}",
        outlet=f"h{number % hosts + 1:04}",
        language="en",
        section=draw.choice(("world", "politics", "business")),
        standfirst="",
        authors=(f"Desk {draw.randint(1, 40)}",),
        keywords=(subject.split()[-1],),
        versions=(Version(START_AT + number * EVERY, title, tuple(paragraphs)),),
        names=Names(),
    )


def _sentence(draw: random.Random) -> str:
    how = draw.choice(_HOW).format(n=draw.randint(2, 9_999))
    return (
        f"{draw.choice(_WHO)} {draw.choice(_DID)} {draw.choice(_WHAT)} {how} {draw.choice(_WHERE)}."
    )
