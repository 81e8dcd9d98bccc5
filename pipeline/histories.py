"""What a reader asks of the ledger about the past of one article or story: `Histories`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.work import Revision


@dataclass(frozen=True, slots=True)
class StoryMerge:
    """One story that became part of another."""

    at: datetime
    merged: str  # story_id that ended
    into: str
    articles: int  # that moved
    because_of: str  # article_id of the article that told both


class Histories(Protocol):
    """Questions of those who read articles. A ledger in a database answers them."""

    def revisions(self, article_id: str, *, limit: int) -> list[Revision]:
        """Return the newest revisions of an article that the index holds, oldest first.

        None of one that was retracted or erased: what is gone is not told by its past.
        """
        ...

    def story_merges(self, story_id: str, *, limit: int) -> list[StoryMerge]:
        """Return the stories that became part of one, directly, newest first."""
        ...

    def story_now(self, story_id: str) -> str:
        """Return the story that one became part of in the end; itself, if of none."""
        ...
