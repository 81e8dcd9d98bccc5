"""The error tree: its branches say what to do next, its leaves carry a fixed reason slug.

    NewslineError
    ├── ConfigError            the operator must edit a file; lists every fault at once
    ├── UsageError             the caller must ask differently (HTTP 400, exit 2)
    │   ├── AccessDenied       … with another key: this one may not do that
    │   └── IndexBusy          … later: another process writes the embedded index
    ├── StoreUnavailable       disk or database refuses; nothing is half written, start again later
    │   └── IndexUnavailable   … the index's cluster; articles wait in the ledger meanwhile
    ├── LeaseLost              the work was taken over by another worker; drop the result, carry on
    └── ItemError              one item failed; becomes an Outcome, never stops a batch
        ├── Transient          try again later (the ledger's schedule decides when, and how often)
        └── Permanent          trying again cannot help: the item ends here, dropped or dead

A bug is none of these: it is an ordinary Python exception, and it stops the process.
The `reason` of an ItemError is a lower_snake slug; it is a metric label, so it never holds
anything that came from outside. What came from outside goes into `detail`.
"""

from dataclasses import dataclass


class NewslineError(Exception):
    """Root of everything that Newsline raises on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one place of the configuration."""

    file: str  # path as the operator gave it, or "environment"
    key: str  # dotted key, e.g. "fetch.pace_s" or "feed[3].url"
    problem: str  # what is wrong and what is allowed, in a sentence

    def __str__(self) -> str:
        """Return one line that can be read without context."""
        return f"{self.file}: {self.key}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Exemption:
    """What [fetch] would have to say for our own guard to let a request through.

    Each value is the whole setting, with what it holds already; empty: it need not change.
    """

    allow_private: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    def __or__(self, other: "Exemption") -> "Exemption":
        """Return what lets both through."""
        return Exemption(
            tuple(dict.fromkeys(self.allow_private + other.allow_private)),
            tuple(dict.fromkeys(self.ports + other.ports)),
        )

    def lines(self) -> list[str]:
        """Return the lines of pipeline.toml."""
        networks = ", ".join(f'"{network}"' for network in self.allow_private)
        ports = ", ".join(map(str, self.ports))
        return [
            *([f"allow_private = [{networks}]"] if networks else []),
            *([f"ports = [{ports}]"] if ports else []),
        ]


class ConfigError(NewslineError):
    """The configuration cannot be used; `faults` names every place at once."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults in the order in which they were found."""
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[list[Fault]]]:
        """Let worker processes send it: by default it would be made anew from its message."""
        return type(self), (self.faults,)


class UsageError(NewslineError):
    """The request itself is wrong (a malformed query, a forged cursor, an unknown feed)."""


class AccessDenied(UsageError):
    """The key, user or password in use may not do this."""


class IndexBusy(UsageError):
    """Another process writes the embedded index; what is due waits for whoever may write."""


class StoreUnavailable(NewslineError):
    """The disk or the database refuses (full, locked, away). What was not written is still due."""


class IndexUnavailable(StoreUnavailable):
    """The index's cluster does not answer, is too busy or is not set up."""


class LeaseLost(NewslineError):
    """A result came with a token that is no longer current: somebody else holds the work now."""


class ItemError(NewslineError):
    """One item failed. `reason` is a fixed slug, `detail` is free text for people."""

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        retry_after_s: float | None = None,
        exemption: Exemption | None = None,
    ) -> None:
        """Build an error.

        `retry_after_s` is what the other side asked for, already clamped; `exemption` is set when
        our own guard refused.
        """
        self.reason = reason
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.exemption = exemption
        super().__init__(f"{reason}: {detail}" if detail else reason)


class Transient(ItemError):
    """Worth another try later."""


class Permanent(ItemError):
    """Another try of the same thing cannot succeed."""
