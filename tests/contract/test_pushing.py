"""The change feed, pushed: what a receiver has taken is what the index holds, in order."""

import asyncio
from datetime import timedelta

import orjson
import pytest
from support_changes import doors_of, publish, take_back
from support_index import EVERY_ENGINE
from support_ledger import NOW
from support_serve import served

from pipeline.changes import webhooks as pushed
from pipeline.changes.tokens import Place
from pipeline.changes.webhooks import Webhook
from pipeline.config import RightsSettings
from pipeline.errors import Transient
from pipeline.pushing import Push
from pipeline.urls import article_id

START = Place(0)
A, B, C = (f"https://herald.example/{name}" for name in "abc")


class Receiver:
    """Takes messages, or not; keeps a copy by what they say."""

    def __init__(self):
        self.messages, self.events, self.copy, self.refuses = [], [], {}, 0

    async def post(self, url, message):
        if self.refuses:
            self.refuses -= 1
            raise Transient("http_503", url)
        self.messages.append(message)
        for event in orjson.loads(message.body):
            self.events.append(event)
            if event["type"] == "org.newsline.changes.reset":
                self.copy = {}
            elif event["type"] == "org.newsline.article.retract":
                self.copy.pop(event["subject"], None)
            else:
                self.copy[event["subject"]] = event["data"]["document"]

    def push(self, doors, now=NOW):
        stage = Push(doors.ledger, doors.index, RightsSettings(), self.post, lambda: now)
        return asyncio.run(stage.all())


@pytest.fixture(params=EVERY_ENGINE)
def opened(request, tmp_path):
    with served(tmp_path, request.param) as doors:
        yield doors


@pytest.fixture
def doors(tmp_path):
    with served(tmp_path) as opened:
        yield doors_of(opened)


@pytest.fixture
def receiver():
    return Receiver()


def add(doors, start=START, **filters):
    doors.ledger.add_webhook(
        Webhook("desk", "https://desk.example", start, filters, "whsec_AA"), NOW
    )


def held(doors):
    return dict(doors.index.read([article_id(url) for url in (A, B, C)]))


def test_a_receiver_has_what_the_index_holds(opened, receiver):
    doors = doors_of(opened)
    add(doors)
    for url in (A, B, C):
        publish(doors, url, f"Patrols at {url}")
    receiver.push(doors)
    publish(doors, A, "Patrols again")
    take_back(doors, B)
    receiver.push(doors)
    assert set(receiver.copy) == {article_id(A), article_id(C)}
    assert receiver.copy == orjson.loads(orjson.dumps(held(doors)))
    assert [event["type"].rpartition(".")[2] for event in receiver.events] == [
        "insert", "insert", "insert", "update", "retract",
    ]  # fmt: skip


def test_an_event_is_a_cloud_event_and_a_message_a_signed_batch(doors, receiver):
    add(doors)
    publish(doors, A, "Patrols")
    receiver.push(doors)
    (message,), (event,) = receiver.messages, receiver.events
    assert message.content_type == "application/cloudevents-batch+json"
    assert message.secret == "whsec_AA"
    assert {"specversion", "id", "source", "type", "time", "subject"} < set(event)
    assert event["source"].startswith("urn:newsline:")
    assert event["data"]["seq"] == int(event["id"])
    assert message.message_id.endswith(f"{event['id']}-{event['id']}")


def test_what_was_not_taken_comes_again_before_anything_else(doors, receiver):
    add(doors)
    publish(doors, A, "Patrols")
    receiver.refuses = 2
    assert receiver.push(doors).failed == 1
    assert receiver.push(doors).failed == 0  # it rests
    publish(doors, B, "More of them")
    (waits,) = doors.ledger.webhooks()
    assert (waits.tries, waits.failed_reason) == (1, "http_503")
    assert receiver.push(doors, NOW + timedelta(minutes=2)).failed == 1
    done = receiver.push(doors, NOW + timedelta(minutes=9))
    assert (done.messages, done.lines) == (1, 2)
    assert [event["subject"] for event in receiver.events] == [article_id(A), article_id(B)]
    assert doors.ledger.webhooks()[0].failed_reason is None


def test_one_that_does_not_answer_holds_up_nobody(doors, receiver):
    deaf = Receiver()
    deaf.refuses = 99
    add(doors)
    doors.ledger.add_webhook(Webhook("archive", "https://archive.example", Place(0)), NOW)
    publish(doors, A, "Patrols")

    async def post(url, message):
        await (deaf if "archive" in url else receiver).post(url, message)

    done = asyncio.run(Push(doors.ledger, doors.index, RightsSettings(), post, lambda: NOW).all())
    assert (done.failed, done.messages) == (1, 1)
    assert set(receiver.copy) == {article_id(A)}


def test_messages_are_bounded_and_none_is_skipped(doors, receiver, monkeypatch):
    monkeypatch.setattr(pushed, "MAX_BYTES", 10)  # one line is more
    add(doors)
    for url in (A, B, C):
        publish(doors, url, "Patrols")
    assert receiver.push(doors).messages == 3
    assert receiver.copy == orjson.loads(orjson.dumps(held(doors)))


def test_a_filter_is_that_of_the_feed(doors, receiver):
    add(doors, place_of_log(doors), place=("Kobani",))
    publish(doors, A, "Patrols", place="Kobani")
    publish(doors, B, "A harbour", place="Mersin")
    receiver.push(doors)
    assert set(receiver.copy) == {article_id(A)}
    publish(doors, A, "Patrols elsewhere", place="Mersin")
    receiver.push(doors)
    assert receiver.copy == {}
    (desk,) = doors.ledger.webhooks()
    assert desk.place.seq == doors.ledger.lines_after(0, limit=1)[0].last_seq


def place_of_log(doors):
    state, _ = doors.ledger.lines_after(0, limit=1)
    return Place(state.last_seq, state.log_id, state.trimmed_seq)


def test_one_who_begins_now_hears_of_nothing_older(doors, receiver):
    publish(doors, A, "Patrols")
    doors.ledger.number_changes()
    add(doors, place_of_log(doors))
    assert receiver.push(doors).messages == 0
    publish(doors, B, "Patrols")
    receiver.push(doors)
    assert set(receiver.copy) == {article_id(B)}


def test_one_who_was_away_too_long_is_told_to_begin_anew(doors, receiver):
    add(doors)
    publish(doors, A, "Patrols")
    publish(doors, B, "Patrols")
    receiver.push(doors)
    publish(doors, C, "Patrols")
    take_back(doors, A)
    publish(doors, C, "Patrols again")
    doors.ledger.number_changes()
    doors.ledger.trim_changes(doors.clock.now() + timedelta(days=1), limit=100)
    receiver.push(doors)
    assert "org.newsline.changes.reset" in {event["type"] for event in receiver.events}
    assert receiver.copy == orjson.loads(orjson.dumps(held(doors)))
