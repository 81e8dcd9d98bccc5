"""What inspections found wrong, as notices beside what the page sees for itself. Pure."""

from collections.abc import Sequence

from pipeline.ops.attention import Notice
from pipeline.ops.equation import Equation
from pipeline.ops.show import number
from pipeline.quality.findings import FindingKind, KeptFinding, Severity

#: Named one by one; `newsline quality` names all.
_NAMED = 10


def finding_notices(kept: Sequence[KeptFinding], books: Equation) -> list[Notice]:
    """Return the open findings, worst first, but for what the page says already."""
    # Measured anew for the moment, and for the window that the page is asked for.
    said = {FindingKind.FRESHNESS, FindingKind.WAITING}
    if not books.balances:
        said.add(FindingKind.BALANCE)
    found = [one for one in kept if one.closed_at is None and one.finding.kind not in said]
    found.sort(key=lambda one: (-one.finding.severity.rank, one.opened_at))
    shown = [_notice(one) for one in found[:_NAMED]]
    if len(found) > _NAMED:
        rest = f"{number(len(found) - _NAMED)} more findings: `newsline quality` lists them."
        shown.append(Notice(is_bad=False, sentence=rest, path="", query={}))
    return shown


def _notice(one: KeptFinding) -> Notice:
    finding = one.finding
    path = "balance" if finding.kind is FindingKind.BALANCE else ""
    if finding.feed_id is not None:
        path = f"feeds/{finding.feed_id}"
    sentence = f"{finding.words} Since {one.opened_at:%d %b %H:%M} UTC."
    return Notice(finding.severity is Severity.CRITICAL, sentence, path, {})
