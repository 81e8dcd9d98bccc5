"""Who holds what: tokens, expiry by the database's clock, fencing of late writes."""

import threading
import zlib
from collections import Counter
from datetime import timedelta

import pytest
from support_ledger import (
    LEASE_S,
    NOW,
    bring_to,
    commit_fetch,
    decision,
    extracted,
    feed,
    fetched,
    poll,
    where,
    works,
)

from pipeline.errors import LeaseLost
from pipeline.model import Stage

URLS = [f"https://h{n}.example/a" for n in range(8)]
DAY = timedelta(days=1)


def hosts_of(leases):
    return [lease.host for lease in leases]


def discover(ledger, urls=URLS):
    poll(ledger, *(decision(url) for url in urls))


def lease_hosts(ledger, now=NOW, *, limit=100, lease_s=LEASE_S, **fields):
    return ledger.lease_hosts(Stage.FETCH, now, limit=limit, lease_s=lease_s, **fields)


def test_only_hosts_with_something_due_are_leased(ledger):
    discover(ledger)
    assert lease_hosts(ledger, NOW - timedelta(microseconds=1)) == []
    assert sorted(hosts_of(lease_hosts(ledger))) == sorted(url.split("/")[2] for url in URLS)


def test_a_host_is_held_once_whatever_the_stage(ledger):
    its_feed = feed(url="https://h0.example/feed.xml")
    poll(ledger, decision(URLS[0]), of=its_feed, next_poll_at=NOW)
    (held,) = ledger.lease_hosts(Stage.POLL, NOW, limit=9, lease_s=LEASE_S)
    assert held.host == "h0.example"
    assert lease_hosts(ledger) == []
    assert ledger.lease_host("h0.example", lease_s=LEASE_S) is None
    ledger.release(held)
    assert hosts_of(lease_hosts(ledger)) == ["h0.example"]


def test_hosts_come_soonest_allowed_first(ledger):
    discover(ledger, URLS[:3])
    for host, wait_s in (("h0.example", 20), ("h1.example", 10)):
        lease = ledger.lease_host(host, lease_s=LEASE_S)
        ledger.release(lease, next_request_at=NOW + timedelta(seconds=wait_s))
    found = lease_hosts(ledger)
    assert hosts_of(found) == ["h2.example", "h1.example", "h0.example"]
    assert found[1].next_request_at == NOW + timedelta(seconds=10)


def test_a_host_that_asked_for_an_hour_is_left_alone_for_it(ledger):
    discover(ledger, URLS[:1])
    lease = ledger.lease_host("h0.example", lease_s=LEASE_S)
    ledger.release(lease, next_request_at=NOW + timedelta(hours=1))
    assert lease_hosts(ledger) == []
    assert hosts_of(lease_hosts(ledger, NOW + timedelta(hours=1))) == ["h0.example"]


def test_shards_with_something_due_are_known_with_their_hosts(ledger):
    discover(ledger)
    hosts = [url.split("/")[2] for url in URLS]
    expected = Counter(zlib.crc32(host.encode()) % 3 for host in hosts)
    assert ledger.due_by_shard(NOW, shards=3) == expected
    assert ledger.due_by_shard(NOW - timedelta(microseconds=1), shards=3) == {}
    lease_hosts(ledger)  # work in hand is still to be done, if its holder dies
    assert ledger.due_by_shard(NOW, shards=1) == {0: len(hosts)}


def test_a_host_that_rests_is_no_work_for_its_shard(ledger):
    discover(ledger, URLS[:1])
    (held,) = lease_hosts(ledger)
    ledger.release(held, next_request_at=NOW + timedelta(hours=1))
    assert ledger.due_by_shard(NOW, shards=1) == {}


def test_shards_share_out_the_hosts(ledger):
    discover(ledger)
    seen = [hosts_of(lease_hosts(ledger, shard=(index, 3))) for index in range(3)]
    assert all(zlib.crc32(host.encode()) % 3 == i for i, part in enumerate(seen) for host in part)
    assert sorted(host for part in seen for host in part) == sorted(
        url.split("/")[2] for url in URLS
    )


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_a_jump_of_our_clock_neither_steals_nor_loses_a_lease(ledger, second, jump):
    discover(ledger, URLS[:1])
    (held,) = lease_hosts(ledger)
    assert lease_hosts(second, NOW + jump) == []
    assert second.lease_host("h0.example", lease_s=LEASE_S) is None
    result = fetched(URLS[0], at=NOW + jump)
    assert ledger.commit(held, [result]) == []
    ledger.release(held)
    batch, leased = ledger.lease_articles(Stage.EXTRACT, NOW + DAY, limit=9, lease_s=LEASE_S)
    assert len(leased) == 1
    assert second.lease_articles(Stage.EXTRACT, NOW + jump + DAY, limit=9, lease_s=9)[1] == []
    assert ledger.commit(batch, [extracted(URLS[0])]) == []


def test_an_expired_lease_that_nobody_took_is_still_good(ledger):
    discover(ledger, URLS[:1])
    (held,) = lease_hosts(ledger, lease_s=0)
    assert ledger.commit(held, [fetched(URLS[0])]) == []


def test_a_late_write_after_a_takeover_is_refused(ledger, second):
    discover(ledger, URLS[:1])
    (paused,) = lease_hosts(ledger, lease_s=-1)
    (taken,) = lease_hosts(second)
    assert paused.token != taken.token
    late = fetched(URLS[0])
    assert ledger.commit(paused, [late]) == [late.url_id]
    assert where(ledger, URLS[0]).stage is Stage.FETCH
    with pytest.raises(LeaseLost):
        ledger.renew(paused, lease_s=LEASE_S)
    ledger.release(paused)  # must not free what is somebody else's
    assert second.commit(taken, [late]) == []


def test_a_late_batch_after_a_takeover_is_refused(ledger, second):
    bring_to(ledger, URLS[0], Stage.EXTRACT)
    paused, _ = ledger.lease_articles(Stage.EXTRACT, NOW, limit=9, lease_s=-1)
    taken, found = second.lease_articles(Stage.EXTRACT, NOW, limit=9, lease_s=LEASE_S)
    assert len(found) == 1
    late = extracted(URLS[0])
    assert ledger.commit(paused, [late]) == [late.url_id]
    ledger.release(paused)
    assert second.commit(taken, [late]) == []
    assert second.commit(taken, [late]) == [late.url_id]  # it moved on


def test_a_released_lease_cannot_commit(ledger):
    discover(ledger, URLS[:1])
    (held,) = lease_hosts(ledger)
    ledger.release(held)
    assert ledger.commit(held, [fetched(URLS[0])]) != []
    commit_fetch(ledger, fetched(URLS[0]), URLS[0])
    batch, _ = ledger.lease_articles(Stage.EXTRACT, NOW, limit=9, lease_s=LEASE_S)
    ledger.release(batch)
    assert ledger.commit(batch, [extracted(URLS[0])]) != []


def test_a_host_lease_does_not_cover_other_hosts(ledger):
    discover(ledger, URLS[:2])
    held = ledger.lease_host("h0.example", lease_s=LEASE_S)
    results = [fetched(URLS[0]), fetched(URLS[1])]
    assert ledger.commit(held, results) == [results[1].url_id]


def test_renewing_moves_the_end(ledger, second):
    discover(ledger, URLS[:1])
    (held,) = lease_hosts(ledger, lease_s=-1)
    renewed = ledger.renew(held, lease_s=LEASE_S)
    assert renewed.token == held.token
    assert renewed.expires_at > held.expires_at
    assert lease_hosts(second) == []


def test_a_released_host_keeps_its_pace(ledger):
    discover(ledger, URLS[:1])
    at = NOW + timedelta(seconds=2, microseconds=7)
    ledger.release(ledger.lease_host("h0.example", lease_s=LEASE_S), next_request_at=at)
    ledger.release(ledger.lease_host("h0.example", lease_s=LEASE_S))
    assert ledger.lease_host("h0.example", lease_s=LEASE_S).next_request_at == at


def test_articles_come_in_order_of_first_sight(ledger):
    late, early = URLS[0], URLS[1]
    bring_to(ledger, late, Stage.EXTRACT, at=NOW)
    bring_to(ledger, early, Stage.EXTRACT, at=NOW - DAY)
    bring_to(ledger, URLS[2], Stage.EXTRACT, at=NOW)
    found = [(work.first_seen_at, work.article_id) for work in works(ledger, Stage.EXTRACT)]
    assert found == sorted(found)
    assert len(found) == 3


def test_grouping_is_leased_to_one_worker_at_a_time(ledger, second):
    for url in URLS[:2]:
        bring_to(ledger, url, Stage.GROUP)
    lease, found = ledger.lease_articles(Stage.GROUP, NOW, limit=1, lease_s=LEASE_S)
    assert len(found) == 1
    assert second.lease_articles(Stage.GROUP, NOW, limit=1, lease_s=LEASE_S)[1] == []
    ledger.release(lease)
    assert len(second.lease_articles(Stage.GROUP, NOW, limit=9, lease_s=LEASE_S)[1]) == 2


def in_threads(*tasks):
    """Run tasks at the same moment; return what each returned."""
    barrier, results = threading.Barrier(len(tasks)), {}

    def run(number, task):
        barrier.wait()
        results[number] = task()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == len(tasks), "a worker failed or hung"
    return [results[number] for number in range(len(tasks))]


def test_two_workers_at_once_never_get_the_same_host(ledger, second):
    discover(ledger, [f"https://many{n}.example/a" for n in range(60)])

    def take(worker):
        taken = []
        while leases := lease_hosts(worker, limit=3):
            taken += hosts_of(leases)
        return taken

    one, two = in_threads(lambda: take(ledger), lambda: take(second))
    assert len(one) + len(two) == 60
    assert not set(one) & set(two)


def test_two_workers_at_once_never_get_the_same_article(ledger, second):
    urls = [f"https://many.example/{n}" for n in range(60)]
    discover(ledger, urls)
    lease = ledger.lease_host("many.example", lease_s=LEASE_S)
    assert ledger.commit(lease, [fetched(url) for url in urls]) == []

    def take(worker):
        taken = []
        while found := worker.lease_articles(Stage.EXTRACT, NOW, limit=7, lease_s=LEASE_S)[1]:
            taken += [work.url_id for work in found]
        return taken

    one, two = in_threads(lambda: take(ledger), lambda: take(second))
    assert len(one) + len(two) == 60
    assert not set(one) & set(two)
