"""Letters by a real mail server on this machine."""

import asyncio
import ssl
from contextlib import contextmanager
from email.message import EmailMessage

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult

from pipeline.adapters.mail import send
from pipeline.config import FetchSettings, MailSettings
from pipeline.devairflow.stack import free_ports
from pipeline.errors import ItemError, Transient

NAME = "mail.localhost"


class Mailbox(Message):
    """Keeps the letters that it takes."""

    def __init__(self):
        super().__init__()
        self.letters = []

    def handle_message(self, message):
        self.letters.append(message)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@contextmanager
def serving(**options):
    mailbox = Mailbox()
    (port,) = free_ports(1)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


def tls(authority, name=NAME):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def deliver(port, *, ca_file=None, private=("127.0.0.0/8",), **settings):
    letter = EmailMessage()
    letter["To"], letter["Subject"] = "desk@herald.example", "zone: 1 story"
    letter.set_content("Güvenli bölge\n")
    mail = MailSettings(host=NAME, port=port, sender="newsline@herald.example", **settings)
    fetch = FetchSettings(allow_private=private, ca_file=ca_file, connect_timeout_s=5)
    asyncio.run(send(letter, mail, fetch))


def test_a_letter_arrives():
    with serving() as (mailbox, port):
        deliver(port, security="none")
    (letter,) = mailbox.letters
    assert (letter["X-MailFrom"], letter["X-RcptTo"]) == (
        "newsline@herald.example",
        "desk@herald.example",
    )
    assert letter["Subject"] == "zone: 1 story"
    assert letter.get_payload(decode=True).decode() == "Güvenli bölge\r\n"


def test_starttls_is_for_the_name_of_the_host_and_comes_before_the_password(authority, ca_file):
    asked = []

    def authenticate(server, session, envelope, mechanism, data):
        asked.append((session.ssl is not None, data.login, data.password))
        return AuthResult(success=True)

    options = {"tls_context": tls(authority), "authenticator": authenticate, "auth_required": True}
    with serving(**options) as (mailbox, port):
        deliver(port, ca_file=ca_file, user="newsline", password="quill")
    assert asked == [(True, b"newsline", b"quill")]
    assert len(mailbox.letters) == 1


def test_tls_from_the_first_byte(authority, ca_file):
    with serving(ssl_context=tls(authority)) as (mailbox, port):
        deliver(port, ca_file=ca_file, security="tls")
    assert len(mailbox.letters) == 1


def test_a_server_with_the_certificate_of_another_gets_no_letter(authority, ca_file):
    with (
        serving(tls_context=tls(authority, "other.localhost")) as (mailbox, port),
        pytest.raises(Transient, match=r"(?i)certificate"),
    ):
        deliver(port, ca_file=ca_file)
    assert mailbox.letters == []


def test_what_the_server_says_of_a_letter_it_does_not_take_is_kept():
    with (
        serving(data_size_limit=20) as (mailbox, port),
        pytest.raises(Transient, match=r"(?i)too much|exceeds") as told,
    ):
        deliver(port, security="none")
    assert (told.value.reason, mailbox.letters) == ("mail_not_taken", [])


def test_a_server_that_is_not_there_is_tried_again():
    with serving() as (_, port):
        assert port
    with pytest.raises(Transient) as told:
        deliver(port, security="none")
    assert told.value.reason == "mail_not_taken"


def test_a_server_in_a_network_that_is_not_allowed_is_not_asked():
    with serving() as (mailbox, port), pytest.raises(ItemError) as told:
        deliver(port, security="none", private=())
    assert (told.value.reason, mailbox.letters) == ("blocked_address", [])
