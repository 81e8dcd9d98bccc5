"""The whole trip in one process over fakes: feeds and pages from a script, everything else real."""

import asyncio
from datetime import timedelta
from xml.sax.saxutils import escape

from support_fakes import FakeFetcher, MemoryArchive, StillClock
from support_schema import lasting

from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.ledger import open_ledger
from pipeline.app import find_config_dir
from pipeline.balance import balance
from pipeline.config import Config, FetchSettings
from pipeline.doors import Doors
from pipeline.feeds.decide import first_state
from pipeline.model import Feed
from pipeline.run import Run
from pipeline.tasks import TASKS
from pipeline.work import Scope

RSS = (("Content-Type", "application/rss+xml"),)
HTML = (("Content-Type", "text/html; charset=utf-8"),)
_PARAGRAPH = (
    "On {day} the two delegations agreed on joint patrols along the border, said an officer who "
    "took part in the talks and asked not to be named, and that the posts on the hills near the "
    "town would be taken down before the end of the month, as both had promised in August."
)


class InlineWorkers:
    """Runs the tasks in this process."""

    async def run(self, task, /, **arguments):
        return TASKS[task](**arguments)

    def close(self):
        pass


class Trip:
    """Everything a run needs over one folder; `run` does what is due now."""

    def __init__(self, folder, *feeds, **doors):
        self.folder = folder
        self.feeds = feeds
        self.clock = StillClock()
        self.fetcher = FakeFetcher(self.clock)
        self.archive = MemoryArchive()
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
        self.index = EmbeddedIndex(folder / "index")
        self.doors = Doors(
            **{
                "config": Config(fetch=FetchSettings(pace_s=1.0)),
                "config_dir": find_config_dir(),
                "clock": self.clock,
                "ledger": self.ledger,
                "archive": self.archive,
                "fetcher": self.fetcher,
                "workers": InlineWorkers(),
                "index": self.index,
                **doors,
            }
        )
        self.sync()

    def sync(self):
        self.ledger.sync_feeds([first_state(feed, self.clock.now(), 0.0) for feed in self.feeds])

    def allow_robots(self, *hosts):
        for host in hosts:
            self.fetcher.on(f"https://{host}/robots.txt", status=404)

    def run(self, *, timeout_s=30):
        """Run once until quiet."""

        async def go():
            return await Run(self.doors, once=True, stop=asyncio.Event()).go()

        return asyncio.run(asyncio.wait_for(go(), timeout_s))

    def later(self, **span):
        self.clock.time += timedelta(**span)

    def balance(self):
        return balance(self.ledger.books(Scope()), self.index.versions())

    def documents(self):
        """What the index holds, by URL, without what only clocks decide."""
        found = (self.index.find(article_id) for article_id, _ in self.index.versions())
        return {document["url"]: lasting(document) for document in found}

    def where(self, url):
        found = self.ledger.where(url)
        assert found is not None, url
        return found[0]

    def life(self, url):
        found = self.ledger.where(url)
        assert found is not None, url
        return [(line.stage, line.result, line.reason) for line in found[1]]

    def close(self):
        self.index.close()
        self.ledger.close()


def feed(feed_id="herald", url=None, **fields):
    host = f"{feed_id}.example"
    return Feed(
        feed_id, url or f"https://{host}/feed.xml", fields.pop("publisher", feed_id), **fields
    )


def rss(*items):
    """A feed document of (link, title) or (link, title, summary)."""
    listed = "".join(
        f"<item><guid isPermaLink='false'>{escape(link)}</guid><link>{escape(link)}</link>"
        f"<title>{escape(title)}</title><description>{escape(''.join(summary))}</description></item>"
        for link, title, *summary in items
    )
    return f"<rss version='2.0'><channel><title>t</title>{listed}</channel></rss>".encode()


def article(title, day="Monday", paragraphs=3, extra=""):
    """A page with an article of its own."""
    text = "".join(
        f"<p>{title}, part {n}. {_PARAGRAPH.format(day=day)}</p>" for n in range(paragraphs)
    )
    return (
        f"<html lang='en'><head><title>{title}</title>{extra}</head><body><article>"
        f"<h1>{title}</h1>{text}</article></body></html>"
    ).encode()
