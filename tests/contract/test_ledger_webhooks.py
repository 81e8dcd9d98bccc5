"""Receivers of the change feed in the ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support_ledger import NOW

from pipeline.changes.tokens import Place
from pipeline.changes.webhooks import Webhook
from pipeline.errors import UsageError

DESK = Webhook(
    "desk",
    "https://desk.example/hook",
    Place(7, "abc", 2),
    {"language": ("en", "tr")},
    "whsec_AAAA",
)
UNTIL = NOW + timedelta(minutes=5)


def test_a_receiver_is_kept_as_it_was_given(ledger):
    kept = ledger.add_webhook(DESK, NOW)
    assert kept == replace(DESK, created_at=NOW, due_at=NOW)
    ledger.add_webhook(replace(DESK, name="archive", place=Place(0)), NOW)
    assert [one.name for one in ledger.webhooks()] == ["archive", "desk"]
    with pytest.raises(UsageError, match="desk"):
        ledger.add_webhook(DESK, NOW)
    assert ledger.remove_webhook("desk")
    assert not ledger.remove_webhook("desk")


def test_one_process_at_a_time_tells_a_receiver(ledger):
    ledger.add_webhook(DESK, NOW)
    claimed = ledger.claim_webhook("desk", NOW, UNTIL)
    assert claimed.place == DESK.place
    assert ledger.claim_webhook("desk", NOW, UNTIL) is None
    assert ledger.claim_webhook("nobody", NOW, UNTIL) is None
    later = ledger.claim_webhook("desk", UNTIL, UNTIL + timedelta(minutes=5))  # the first one died
    assert later is not None
    assert not ledger.note_read(claimed, replace(claimed, place=Place(8, "abc", 2)))
    assert ledger.webhooks()[0].place == DESK.place
    further = replace(later, place=Place(9, "abc", 2), due_at=UNTIL, told_at=UNTIL)
    assert ledger.note_read(later, further)
    assert ledger.webhooks() == [further]


def test_how_a_receiver_answered_is_kept(ledger):
    ledger.add_webhook(DESK, NOW)
    claimed = ledger.claim_webhook("desk", NOW, UNTIL)
    refused = replace(claimed, due_at=NOW + timedelta(hours=1), tries=3, failed_reason="http_503")
    assert ledger.note_read(claimed, refused)
    assert ledger.webhooks() == [refused]
    assert ledger.claim_webhook("desk", UNTIL, UNTIL) is None  # it rests
