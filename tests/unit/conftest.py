"""A ledger for tests of the ops page, and somebody who may act there."""

import pytest
from support_ledger import bring_to, commit_step, failed, publish
from support_ops import A, B, Visitor, mounted

from pipeline.adapters.ledger import open_ledger
from pipeline.model import Stage


@pytest.fixture
def ledger(tmp_path):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def filled(ledger):
    """One article in the index, one dead letter, both of herald-world."""
    publish(ledger, A)
    bring_to(ledger, B, Stage.EXTRACT, text="another")
    commit_step(ledger, Stage.EXTRACT, failed(B, Stage.EXTRACT, "parser_timeout"))
    return ledger


@pytest.fixture
def ada(filled):
    return Visitor(mounted(filled))
