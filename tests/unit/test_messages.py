"""Messages to receivers are signed as Standard Webhooks has it."""

import hmac
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.alerts.letters import is_address, letter
from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.messages import Message, headers, new_secret

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)


def test_the_published_example_has_the_published_signature():
    """As the libraries of Standard Webhooks have it in their own tests."""
    message = Message(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    sent = dict(headers(message, datetime.fromtimestamp(1614265330, UTC)))
    assert sent["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert sent["webhook-timestamp"] == "1614265330"
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signature_is_of_this_message_at_this_time_with_this_secret():
    secret = new_secret()
    message = Message("1", b"{}", secret=secret)
    signature = dict(headers(message, NOW))["webhook-signature"]
    key = b64decode(secret.removeprefix("whsec_"))
    signed = b"1.%d.{}" % NOW.timestamp()
    assert signature == f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}"
    for other, at in (
        (Message("2", b"{}", secret=secret), NOW),
        (Message("1", b"[]", secret=secret), NOW),
        (Message("1", b"{}", secret=new_secret()), NOW),
        (message, NOW + timedelta(seconds=1)),
    ):
        assert dict(headers(other, at))["webhook-signature"] != signature
    assert secret not in repr(message)


def test_without_a_secret_nothing_is_signed():
    assert "webhook-signature" not in dict(headers(Message("1", b"{}"), NOW))


@pytest.mark.parametrize("given", ["a@b.example", "news.desk+zone@mail.b.example"])
def test_a_mailbox(given):
    assert is_address(given)


@pytest.mark.parametrize(
    "given",
    ["", "a", "@b.example", "a@", "a@b", "a@b.", "a b@c.example", "a@b.example, c@d.example",
     "A <a@b.example>", "a@b@c.example", "a@b.example\nBcc: c@d.example", f"{'a' * 250}@b.example"],
)  # fmt: skip
def test_no_mailbox(given):
    assert not is_address(given)


def test_what_a_page_says_writes_no_header_and_no_line_of_a_letter():
    title = "Patrols\r\nBcc: thief@evil.example\n\nhttps://evil.example/"
    hit = AlertHit("a", "s", "x", title, "https://herald.example/a", "herald", None, ("⟦zone⟧",))
    search = SavedSearch("a", "zone\r\nBcc: thief@evil.example", "zone", {}, "mailto:a@b.example")
    made = letter(search, [hit], NOW)
    assert {"Bcc", "Cc"}.isdisjoint(made)
    lines = made.as_string().splitlines()
    assert not any(line.startswith(("Bcc", "https://evil")) for line in lines)
    assert "https://herald.example/a" in made.get_content().splitlines()


def test_a_receiver_can_check_it_as_the_docs_say(root):
    text = (root / "docs" / "change-feed.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    message = Message("1", b"[]", secret=new_secret())
    sent = dict(headers(message, NOW))
    told = {"headers": sent, "body": message.body, "secret": message.secret}
    exec(code, told)  # noqa: S102 - our own documentation
    assert told["is_ours"]
    told["body"] = b"[{}]"
    exec(code, told)  # noqa: S102
    assert not told["is_ours"]
