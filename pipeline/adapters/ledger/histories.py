"""`pipeline.histories.Histories` over SQLite or PostgreSQL: one short transaction per question."""

import sqlalchemy as sa

from pipeline.adapters.ledger.engine import Database
from pipeline.adapters.ledger.records import extraction_of
from pipeline.adapters.ledger.story_tables import story_merges
from pipeline.adapters.ledger.tables import articles, revisions, urls
from pipeline.histories import StoryMerge
from pipeline.model import Status
from pipeline.work import Revision

#: Merges that are followed one after the other; a story that moved more often is not found.
_MOST_MOVES = 50


class SqlHistories:
    """Every method is described in `pipeline.histories.Histories`."""

    database: Database

    def revisions(self, article_id: str, *, limit: int) -> list[Revision]:
        """Return the newest revisions of an article that the index holds, oldest first."""
        query = (
            sa.select(revisions)
            .join(articles, articles.c.article_id == revisions.c.article_id)
            .join(urls, urls.c.url_id == articles.c.url_id)
            .where(revisions.c.article_id == article_id, urls.c.status == Status.INDEXED)
            .order_by(revisions.c.n.desc())
            .limit(limit)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Revision(
                article_id=row["article_id"],
                n=row["n"],
                content_hash=row["content_hash"],
                extraction=extraction_of(row["extraction"]),
                created_at=row["created_at"],
            )
            for row in reversed(rows)
        ]

    def story_merges(self, story_id: str, *, limit: int) -> list[StoryMerge]:
        """Return the stories that became part of one, directly, newest first."""
        query = (
            sa.select(story_merges)
            .where(story_merges.c.into == story_id)
            .order_by(story_merges.c.merge_id.desc())
            .limit(limit)
        )
        with self.database.reading() as connection:
            return [
                StoryMerge(row.at, row.merged, row.into, row.articles, row.because_of)
                for row in connection.execute(query)
            ]

    def story_now(self, story_id: str) -> str:
        """Return the story that one became part of in the end; itself, if of none."""
        with self.database.reading(snapshot=True) as connection:
            after = 0  # a name may come back: what happened before does not count for it
            for _ in range(_MOST_MOVES):
                query = (
                    sa.select(story_merges.c.merge_id, story_merges.c.into)
                    .where(story_merges.c.merged == story_id, story_merges.c.merge_id > after)
                    .order_by(story_merges.c.merge_id.desc())
                    .limit(1)
                )
                moved = connection.execute(query).one_or_none()
                if moved is None:
                    break
                after, story_id = moved
        return story_id
