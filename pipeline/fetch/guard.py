"""What the address guard lets through: the decision, without any network. Pure."""

from collections.abc import Sequence
from contextlib import suppress

from pipeline.config import FetchSettings
from pipeline.errors import Exemption
from pipeline.fetch.addresses import is_within, networks, parse_address, why_denied
from pipeline.fetch.reasons import failure
from pipeline.fetch.target import parse_target


class Guard:
    """Decides by the settings of [fetch]."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._exempt = networks(settings.allow_private)

    def check(self, host: str, port: int, addresses: Sequence[str]) -> None:
        """Let a connection pass only if all addresses do; in an exempt network any port does.

        Raises Permanent("blocked_address") or ("blocked_port"), with what would let it through.
        """
        denied: dict[str, str] = {}
        public = False
        for address in addresses:
            try:
                if is_within(address, self._exempt):
                    continue
                why = why_denied(address)
            except ValueError:
                why = "no IP address"
            if why is None:
                public = True
            else:
                denied[address] = why
        odd = public and port not in self._settings.ports
        exemption = Exemption(
            (*self._settings.allow_private, *denied) if denied else (),
            (*self._settings.ports, port) if odd else (),
        )
        for address, why in denied.items():
            name = host if host.strip("[]") == address else f"{host} is {address}"
            raise failure("blocked_address", f"{name}: {why}", exemption)
        if odd:
            raise failure("blocked_port", f"{host}:{port}", exemption)

    def check_url(self, url: str) -> None:
        """Check as much of a URL as can be known without asking anybody. Raises Permanent."""
        target = parse_target(url)
        known = known_addresses(target.host)
        if known is None and not self._exempt and target.port not in self._settings.ports:
            ports = (*self._settings.ports, target.port)
            raise failure("blocked_port", target.authority, Exemption(ports=ports))
        self.check(target.host, target.port, known or ())


def known_addresses(host: str) -> Sequence[str] | None:
    """Return the addresses of a host of which nobody has to be asked; None: it is to be looked up.

    Names under .localhost are this machine's alone (RFC 6761).
    """
    if host == "localhost" or host.endswith(".localhost"):
        return ["127.0.0.1"]
    with suppress(ValueError):  # a name
        return [str(parse_address(host))]
    return None
