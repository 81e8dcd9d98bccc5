"""API keys and sessions in the ledger."""

from datetime import timedelta

import pytest
from support_ledger import NOW

from pipeline.errors import UsageError
from pipeline.keys import KeyScope, digest_of, new_secret

LATER = NOW + timedelta(hours=1)
SECRET = new_secret()


def add(ledger, name="newsroom", secret=SECRET, scopes=(KeyScope.SEARCH,)):
    return ledger.add_key(name, scopes, digest_of(secret), NOW)


def test_a_key_is_found_by_its_digest_until_it_is_revoked(ledger):
    assert not ledger.has_keys()
    key = add(ledger, scopes=[KeyScope.SEARCH, KeyScope.OPS])
    assert (key.name, key.scopes) == ("newsroom", {KeyScope.SEARCH, KeyScope.OPS})
    assert ledger.find_key(digest_of(SECRET)) == key
    assert ledger.find_key(digest_of(new_secret())) is None
    assert ledger.revoke_key("newsroom", LATER)
    assert ledger.find_key(digest_of(SECRET)) is None
    assert [one.revoked_at for one in ledger.api_keys()] == [LATER]
    assert ledger.has_keys()


def test_only_one_living_key_has_a_name(ledger):
    add(ledger)
    with pytest.raises(UsageError, match="there is a key 'newsroom' already"):
        add(ledger, secret=new_secret())
    assert ledger.revoke_key("newsroom", NOW)
    assert not ledger.revoke_key("newsroom", LATER)
    again = add(ledger, secret=new_secret())
    assert [one.key_id for one in ledger.api_keys()] == [1, again.key_id]


def test_it_is_kept_when_a_key_was_last_used(ledger):
    key = add(ledger)
    ledger.note_key_used(key.key_id, LATER)
    assert ledger.find_key(digest_of(SECRET)).last_used_at == LATER


def test_a_session_is_good_until_its_time_or_until_it_is_ended(ledger):
    key = add(ledger)
    ledger.begin_session(key, "first", NOW, LATER)
    ledger.begin_session(key, "second", NOW, LATER)
    assert ledger.find_session("first", NOW) == key
    assert ledger.find_session("first", LATER) is None
    ledger.end_session("second")
    assert ledger.find_session("second", NOW) is None


def test_a_session_ends_with_the_key_that_began_it(ledger):
    ledger.begin_session(add(ledger), "digest", NOW, LATER)
    ledger.revoke_key("newsroom", NOW)
    assert ledger.find_session("digest", NOW) is None


def test_another_process_sees_a_revocation_at_once(ledger, second):
    add(ledger)
    assert second.find_key(digest_of(SECRET)) is not None
    ledger.revoke_key("newsroom", NOW)
    assert second.find_key(digest_of(SECRET)) is None
