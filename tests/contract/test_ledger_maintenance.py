"""How a ledger comes to be, stays current, and moves from one database to another."""

import gzip
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from support_ledger import (
    LEASE_S,
    NOW,
    bring_to,
    commit_step,
    decision,
    enriched,
    failed,
    poll,
    publish,
    state,
    works,
)
from support_stories import BOTH, QUAKE, RESCUE, Told, tell

from pipeline.adapters.ledger import backups, maintenance, open_ledger, opened
from pipeline.adapters.ledger.change_tables import change_log
from pipeline.adapters.ledger.records import _STATE_COLUMNS, state_row
from pipeline.adapters.ledger.tables import feeds, metadata
from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.care import Walk
from pipeline.changes.tokens import Place
from pipeline.changes.webhooks import Webhook
from pipeline.errors import ConfigError, StoreUnavailable, UsageError
from pipeline.keys import KeyScope
from pipeline.model import Stage
from pipeline.quality.findings import Finding, FindingKind, Severity, Silence
from pipeline.work import Backfill, ReplaySelector, RobotsCopy, Scope

A, B, C = (f"https://herald.example/{name}" for name in "abc")


EMPTY_URLS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    return request.getfixturevalue("empty_postgres_url")


def quiet(table, rows):
    """Show no progress."""


def url_of(ledger):
    return ledger.database.url.render_as_string(hide_password=False)


# ── form of the tables ────────────────────────────────────────────────────────────────────────


def test_the_migrations_make_the_tables_that_the_code_works_with(ledger):
    with ledger.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_is_asked_for():
    config = AlembicConfig()
    config.set_main_option("script_location", str(maintenance._SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [maintenance.HEAD]


def test_every_field_of_a_feeds_state_has_its_column():
    assert {column.name for column in feeds.columns} == {
        "feed_id", "publisher", "feed", *_STATE_COLUMNS
    }  # fmt: skip


def test_upgrading_twice_changes_nothing(ledger):
    publish(ledger, A)
    assert maintenance.upgrade(ledger.database) is False
    assert ledger.books(Scope()).discovered == 1


def make_first_form(database):
    """The tables as the first version made them, with a feed in them."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(maintenance._SCRIPTS))
    columns = [column for column in feeds.columns if not column.name.startswith("merged_")]
    old = sa.table("feeds", *(sa.column(column.name, column.type) for column in columns))
    row = {column.name: state_row(state(etag='"x"'))[column.name] for column in columns}

    def work(connection):
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.insert(old), row)

    database.write(work)


@pytest.mark.parametrize("empty_url", EMPTY_URLS, indirect=True)
def test_a_ledger_of_the_first_version_keeps_its_feeds(empty_url):
    with opened(empty_url) as database:
        make_first_form(database)
        assert maintenance.upgrade(database) is True
    upgraded = open_ledger(empty_url)
    assert upgraded.feed_states() == [state(etag='"x"')]
    assert upgraded.feed_states()[0].merged_into is None
    upgraded.close()


def test_a_ledger_of_a_newer_version_is_refused(ledger):
    with ledger.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="newer Newsline"):
        open_ledger(url_of(ledger))


def test_a_sqlite_ledger_comes_into_being_by_itself_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger 100%.sqlite'}"
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(count_feeds, [url] * 8)) == [0] * 8


def count_feeds(url):
    ledger = open_ledger(url)
    try:
        return len(ledger.feed_states())
    finally:
        ledger.close()


def test_without_create_a_missing_ledger_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="there is no ledger"):
        open_ledger(f"sqlite:///{tmp_path / 'none.sqlite'}", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://x/y", "not a url", "sqlite://"])
def test_addresses_that_hold_no_ledger_are_refused(url):
    with pytest.raises(ConfigError, match=r"ledger\.url"):
        open_ledger(url)


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_text("this is no database, it is a letter to the operator " * 40)
    with pytest.raises(ConfigError, match="not a database"):
        open_ledger(f"sqlite:///{path}")


@pytest.mark.postgres
def test_an_empty_postgres_waits_for_its_operator(empty_postgres_url):
    with pytest.raises(ConfigError, match="newsline ledger upgrade"):
        open_ledger(empty_postgres_url)
    with opened(empty_postgres_url) as database:
        assert maintenance.upgrade(database) is True
    open_ledger(empty_postgres_url).close()


@pytest.mark.postgres
def test_a_postgres_without_the_database_is_a_fault_of_the_settings(postgres_url):
    with pytest.raises(ConfigError, match=r"nowhere.*does not exist"):
        open_ledger(postgres_url.replace("newsline_", "nowhere_", 1))


def test_a_postgres_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(StoreUnavailable) as caught:
        open_ledger("postgresql://someone:secret@127.0.0.1:1/none")
    assert "127.0.0.1:1" in str(caught.value)
    assert "secret" not in str(caught.value)


# ── one pipeline at a time ────────────────────────────────────────────────────────────────────


def test_a_second_pipeline_on_a_sqlite_ledger_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    first, other = open_ledger(url), open_ledger(url)
    first.acquire_pipeline_lock()
    first.acquire_pipeline_lock()  # asking twice is fine
    with pytest.raises(UsageError, match="another newsline process"):
        other.acquire_pipeline_lock()
    assert other.books(Scope()).discovered == 0  # but it may look
    first.close()
    other.acquire_pipeline_lock()
    other.close()


def test_what_a_killed_pipeline_held_is_free_for_the_next(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    killed = open_ledger(url)
    killed.acquire_pipeline_lock()
    poll(killed, decision(A))
    bring_to(killed, B, Stage.EXTRACT)
    assert killed.lease_host("herald.example", lease_s=LEASE_S)
    assert killed.lease_articles(Stage.EXTRACT, NOW, limit=9, lease_s=LEASE_S)[1]
    killed._lock.close()  # what the system does when a process dies
    after = open_ledger(url)
    after.acquire_pipeline_lock()
    assert len(after.lease_hosts(Stage.FETCH, NOW, limit=9, lease_s=LEASE_S)) == 1
    assert len(works(after, Stage.EXTRACT)) == 1
    after.close()
    killed.close()


@pytest.mark.postgres
def test_postgres_takes_many_pipelines(postgres_url):
    one, two = open_ledger(postgres_url), open_ledger(postgres_url)
    one.acquire_pipeline_lock()
    two.acquire_pipeline_lock()
    one.close()
    two.close()


# ── backup and restore ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def full(ledger):
    """A ledger with something in every table."""
    run_id = ledger.start_run(NOW)
    publish(ledger, A)
    bring_to(ledger, B, Stage.ENRICH)
    commit_step(ledger, Stage.ENRICH, failed(B, Stage.ENRICH, "parser_crash"))
    poll(ledger, decision(C, title="Zürich’te “ateşkes” \\u0000"), decision(None, title="no link"))
    ledger.save_robots(RobotsCopy("https://herald.example", 200, b"\x00\xff bytes", NOW))
    ledger.override_feed(ledger.feed_states()[0], actor="test", note="none", now=NOW)
    nothing = ReplaySelector(reason="none has this one")
    ledger.replay_by(nothing, actor="test", subject="none", now=NOW)
    ledger.keep_findings([Finding(FindingKind.GAP, Severity.WARNING, "a gap", {})], [], NOW)
    ledger.silence(Silence("test", "none", NOW, NOW))
    tell(ledger, QUAKE, RESCUE, Told("long", "A long read", "and so it goes on and on " * 9))
    tell(ledger, BOTH)
    key = ledger.add_key("newsroom", [KeyScope.SEARCH], "digest of a key", NOW)
    ledger.begin_session(key, "digest of a cookie", NOW, NOW.replace(hour=23))
    ledger.erase(["nobody-listed-it"], actor="operator", why="order 12", now=NOW)
    ledger.add_alert(SavedSearch("a1", "zone", "zone"), NOW)
    ledger.keep_hits("a1", 99, [AlertHit("a1", "s1", "x", "Patrols", A, "herald", None, ())], NOW)
    ledger.keep_walk(Backfill(Stage.FETCH), "herald-world", Walk(()))
    ledger.add_webhook(Webhook("desk", "https://desk.example/hook", Place(0)), NOW)
    ledger.number_changes()
    ledger.advance_export("events", 1)
    ledger.finish_run(run_id, NOW)
    return ledger


def content(ledger):
    """Every row of every table."""
    with ledger.database.reading() as connection:
        return {
            table.name: sorted(connection.execute(sa.select(table)).all(), key=repr)
            for table in metadata.tables.values()
            if table is not change_log  # every ledger has one of its own
        }


def round_trip(source, target_url, path):
    counts = backups.backup(source.database, path, progress=quiet)
    with opened(target_url) as database:
        maintenance.upgrade(database)
        assert backups.restore(database, path, progress=quiet) == counts
    assert min(counts.values()) > 0, f"a table was not filled: {counts}"
    restored = open_ledger(target_url)
    assert content(restored) == content(source)
    assert restored.books(Scope()) == source.books(Scope())
    return restored


def test_a_backup_restores_into_sqlite(full, tmp_path):
    restored = round_trip(full, f"sqlite:///{tmp_path / 'new.sqlite'}", tmp_path / "b.gz")
    publish(restored, "https://herald.example/new", text="Another.")
    restored.close()


@pytest.mark.postgres
def test_a_backup_restores_into_postgres(full, empty_postgres_url, tmp_path):
    restored = round_trip(full, empty_postgres_url, tmp_path / "b.gz")
    publish(restored, "https://herald.example/new", text="Another.")  # numbers go on
    restored.close()


def test_what_was_leased_is_free_in_the_restored_ledger(full, tmp_path):
    full.replay(ReplaySelector(), NOW)
    assert full.lease_articles(Stage.ENRICH, NOW, limit=9, lease_s=LEASE_S)[1]
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    backups.backup(full.database, tmp_path / "b.gz", progress=quiet)
    restored = open_ledger(url)
    backups.restore(restored.database, tmp_path / "b.gz", progress=quiet)
    assert commit_step(restored, Stage.ENRICH, enriched(B)) == []
    restored.close()


def test_a_backup_restores_only_into_an_empty_ledger(full, tmp_path):
    backups.backup(full.database, tmp_path / "b.gz", progress=quiet)
    with pytest.raises(UsageError, match="not empty"):
        backups.restore(full.database, tmp_path / "b.gz", progress=quiet)


def lines_of(path):
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


@pytest.mark.parametrize(
    "damage", ["cut file", "lost row", "changed row", "lost end", "other", "old"]
)
def test_a_damaged_backup_restores_nothing(full, tmp_path, damage):
    path = tmp_path / "b.gz"
    backups.backup(full.database, path, progress=quiet)
    lines = lines_of(path)
    row = next(n for n, line in enumerate(lines) if b'"https://herald.example/a"' in line)
    if damage == "cut file":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        damaged = {
            "lost row": lines[:row] + lines[row + 1 :],
            "changed row": [*lines[:row], lines[row].replace(b"/a", b"/z", 1), *lines[row + 1 :]],
            "lost end": lines[:-1],
            "other": [b"{}\n"],
            "old": [re.sub(rb'"revision":"\d+"', b'"revision":"0000"', lines[0]), *lines[1:]],
        }[damage]
        path.write_bytes(gzip.compress(b"".join(damaged)))
    target = open_ledger(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with pytest.raises(UsageError, match=r"b\.gz"):
        backups.restore(target.database, path, progress=quiet)
    assert all(not rows for rows in content(target).values())
    target.close()


def test_a_backup_that_fails_leaves_no_file(full, tmp_path):
    def stop(table, rows):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        backups.backup(full.database, tmp_path / "b.gz", progress=stop)
    assert [path.name for path in tmp_path.iterdir() if "b.gz" in path.name] == []
