"""TLS and the first password of a node with security: made once for a folder, then kept."""

import importlib.util
import secrets
from pathlib import Path

from pipeline.errors import UsageError

USER = "elastic"


def ensure_certificates(ca_file: Path, config: Path) -> None:
    """Make a certificate for loopback, and the authority that clients have to trust.

    The authority's own key is thrown away: it vouches for this one node. Raises UsageError.
    """
    if ca_file.exists() and (config / "http.pem").exists():
        return
    if importlib.util.find_spec("trustme") is None:
        raise UsageError(
            "a node with security needs the Python package trustme, which makes its certificate: "
            "`make dev` in the checkout installs it"
        )
    import trustme  # noqa: PLC0415 - a node without security works without it

    authority = trustme.CA(organization_name="Newsline development")
    served = authority.issue_cert("localhost", "127.0.0.1", "::1")
    served.private_key_pem.write_to_path(config / "http.key")
    (config / "http.key").chmod(0o600)
    served.cert_chain_pems[0].write_to_path(config / "http.pem")
    authority.cert_pem.write_to_path(ca_file)


def ensure_password(file: Path) -> str:
    """Return the password of the first user; made when there is none yet."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24) + "\n", "utf-8")
    return file.read_text("utf-8").strip()
