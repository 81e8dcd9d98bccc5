"""Every reason for which a fetch gives no usable response, and whether to try again.

The slugs are metric labels and stand in the ledger: never rename one. Statuses of responses have
slugs too (`http_404`); they are made by `http_reason`, because any status is a response.
"""

from collections.abc import Mapping
from http import HTTPStatus

from pipeline.errors import Exemption, ItemError, Permanent, Transient

#: Not asked at all, so nobody's failure: it costs no try.
HOST_BUSY = "host_busy"

#: Worth another try: names, hosts, certificates and servers come back.
TRANSIENT: Mapping[str, str] = {
    "dns_unknown_host": "the name does not exist (yet, or any more)",
    "dns_temporary": "the name could not be looked up just now",
    "connect_refused": "nothing listens on the port",
    "connect_timeout": "no connection within the limit",
    "connect_failed": "the host or its network cannot be reached",
    "tls_expired": "the certificate is out of date, or not valid yet",
    "tls_wrong_name": "the certificate is for another host name",
    "tls_untrusted": "the certificate is self-signed or from an unknown authority",
    "tls_error": "no secure connection could be agreed on",
    "reset": "the connection was cut",
    "deadline": "the whole exchange took longer than allowed",
    "bad_response": "what came back is no HTTP",
    "body_truncated": "the body ended before its declared or coded end",
    "bad_coding": "the body is not in the content coding that the headers name",
    "unasked_304": "not modified, although nothing was said about what we have",
    HOST_BUSY: "another worker is visiting the host that a redirect leads to, or the host rests",
    "robots_unavailable": "robots.txt cannot be had, so we may not ask",
}

#: The same request would end the same way.
PERMANENT: Mapping[str, str] = {
    "bad_url": "no plain http(s) address",
    "blocked_address": "the host resolves to an address that is not public",
    "blocked_port": "the port is not one that we ask",
    "bad_redirect": "the redirect leads to no plain http(s) address",
    "redirect_loop": "the redirects lead back to where they have been",
    "too_many_redirects": "more redirects than allowed",
    "too_large": "the body is longer than allowed",
    "bomb": "the body unpacks to a hundred times its size or more",
    "too_many_codings": "more than two content codings",
    "headers_too_large": "more or longer response headers than allowed",
    "robots_disallowed": "robots.txt forbids it",
}

#: Reasons with which a fetched page is dropped although a response came.
DROPPED: Mapping[str, str] = {
    "not_html": "the body is no HTML document",
    "redirected_home": "the article's address leads to a front page: it is no longer there",
}


def failure(reason: str, detail: str = "", exemption: Exemption | None = None) -> ItemError:
    """Build the error of a reason in the tables above."""
    if reason in PERMANENT:
        return Permanent(reason, detail, exemption=exemption)
    if reason not in TRANSIENT:
        raise KeyError(reason)
    return Transient(reason, detail)


def http_reason(status: int) -> str:
    """Return the slug of a status: `http_404`; a status nobody registered keeps its class only."""
    try:
        return f"http_{HTTPStatus(status).value}"
    except ValueError:
        return f"http_{status // 100}xx"
