"""Certificates are checked as usual, although we dial the address ourselves."""

import gc
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from support_http import QUICK, failing, fetch, resolver_of
from support_sockets import ScriptedServer, reply

from pipeline.errors import Transient

NAME = "news.outlet.test"
RESOLVER = resolver_of(news_outlet_test=["127.0.0.1"])


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file


def serving(certificate, seen_names=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if seen_names is not None:
        context.sni_callback = lambda _sock, name, _context: seen_names.append(name)
    server = ScriptedServer(tls=context)
    server.on("/", reply(b"over TLS"))
    return server


def test_a_good_certificate_is_accepted_and_the_name_is_sent(authority, ca_file):
    names = []
    with serving(authority.issue_cert(NAME), names) as server:
        page = fetch(server.url(host=NAME), resolver=RESOLVER, ca_file=ca_file)
    assert page.body == b"over TLS"
    assert names == [NAME]
    assert server.requests[0].headers["host"] == f"{NAME}:{server.port}"


def test_a_certificate_for_an_address_is_good_for_that_address(authority, ca_file):
    with serving(authority.issue_cert("127.0.0.1")) as server:
        assert fetch(server.url(), ca_file=ca_file).body == b"over TLS"


def refused(server, ca_file):
    error = failing(server.url(host=NAME), resolver=RESOLVER, ca_file=ca_file)
    assert isinstance(error, Transient)
    assert server.requests == []
    return error.reason


@pytest.mark.parametrize("name", ["other.test", "*.test", "127.0.0.1"])
def test_another_name_is_refused(authority, ca_file, name):
    with serving(authority.issue_cert(name)) as server:
        assert refused(server, ca_file) == "tls_wrong_name"


def test_an_expired_certificate_is_refused(authority, ca_file):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with serving(authority.issue_cert(NAME, not_after=yesterday)) as server:
        assert refused(server, ca_file) == "tls_expired"


def test_an_unknown_authority_is_refused(authority, ca_file):
    with serving(trustme.CA().issue_cert(NAME)) as server:
        assert refused(server, ca_file) == "tls_untrusted"


def test_a_self_signed_certificate_is_refused(ca_file):
    own = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    with ScriptedServer(tls=context) as server:
        assert refused(server, ca_file) == "tls_untrusted"


def test_without_the_extra_authority_its_certificates_are_not_trusted(authority):
    with serving(authority.issue_cert(NAME)) as server:
        assert refused(server, None) == "tls_untrusted"


def test_plain_http_on_a_tls_port_is_a_tls_error(ca_file):
    with ScriptedServer() as server:
        server.on("/", reply(b"plain"))
        url = server.url(host=NAME).replace("http:", "https:")
        error = failing(url, resolver=RESOLVER, ca_file=ca_file, **QUICK)
    assert error.reason in {"tls_error", "connect_timeout", "deadline"}


def test_a_handshake_that_never_ends_meets_the_deadline_and_leaves_no_socket(ca_file):
    """An unclosed socket is a warning, and warnings are errors here."""
    with ScriptedServer() as server:
        url = server.url(host=NAME).replace("http:", "https:")
        error = failing(url, resolver=RESOLVER, ca_file=ca_file, page_deadline_s=0.2)
        gc.collect()
    assert error.reason == "deadline"


def test_old_protocols_are_refused(authority, ca_file):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with ScriptedServer(tls=context) as server:
        assert refused(server, ca_file) == "tls_error"
