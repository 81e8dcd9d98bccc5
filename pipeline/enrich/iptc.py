"""Reads config/iptc/: the IPTC Media Topics that we give, and the words that trigger them.

codes.tsv has one code a line with its parent and IPTC's name; <language>.toml has the words. Weak
words count a half, so two different ones of one branch are enough, and a topic is given only with a
fair share of the best one's points: long articles mention much that they are not about.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from pipeline.enrich.config_files import check, read_text, read_toml
from pipeline.enrich.topics import LANGUAGES, TopicRules, Topics, Weighing
from pipeline.errors import ConfigError, Fault

VERSION = "1"
#: Chosen on the articles of the rehearsal world: docs/topics.md.
WEIGHING = Weighing(weak=0.5, share=0.25)
_Code = Annotated[str, StringConstraints(pattern=r"^\d{8}$")]


class _Node(BaseModel):
    """One line of codes.tsv."""

    code: _Code
    parent: _Code | None
    name: str


class _Words(BaseModel):
    """What speaks for a code in one language."""

    model_config = ConfigDict(extra="forbid")

    tags: list[str] = []
    strong: list[str] = []
    weak: list[str] = []
    against: list[str] = []


class _Lexicon(BaseModel):
    """One language; every table is a code."""

    model_config = ConfigDict(extra="forbid")

    codes: dict[_Code, _Words]


def iptc_files(folder: Path) -> list[Path]:
    """Return what is read, in an order that does not change."""
    return [folder / "codes.tsv", *(folder / f"{language}.toml" for language in LANGUAGES)]


def load_iptc(folder: Path) -> Topics:
    """Read and check the folder; ConfigError names every fault."""
    faults: list[Fault] = []
    codes, *lexicons = iptc_files(folder)
    nodes = {node.code: node for node in _nodes(codes, faults)}
    words = {
        language: _words(path, nodes, faults)
        for language, path in zip(LANGUAGES, lexicons, strict=True)
    }
    if faults:
        raise ConfigError(faults)
    return Topics([_rules(node, words) for node in nodes.values()], WEIGHING)


def _nodes(path: Path, faults: list[Fault]) -> Iterable[_Node]:
    """Yield the codes; a parent stands before its children."""
    seen: set[str] = set()
    for number, line in enumerate((read_text(path, faults) or "").splitlines(), 1):
        if number == 1 or not line:
            continue
        code, parent, name = [*line.split("\t"), "", ""][:3]
        values = {"code": code, "parent": parent or None, "name": name}
        node = check(_Node, values, path, f"line {number}: ", faults)
        if node is None:
            continue
        if node.code in seen or (node.parent and node.parent not in seen):
            faults.append(Fault(str(path), f"line {number}", "used twice, or before its parent"))
            continue
        seen.add(node.code)
        yield node


def _words(path: Path, nodes: Mapping[str, _Node], faults: list[Fault]) -> Mapping[str, _Words]:
    read = read_toml(path, _Lexicon, faults)
    codes = read.codes if read else {}
    faults += [
        Fault(str(path), f"codes.{code}", "is not in codes.tsv")
        for code in codes
        if code not in nodes
    ]
    return codes


def _rules(node: _Node, words: Mapping[str, Mapping[str, _Words]]) -> TopicRules:
    of = {language: codes.get(node.code, _Words()) for language, codes in words.items()}
    return TopicRules(
        id=node.code,
        name=node.name,
        parent=node.parent,
        strong={language: one.strong for language, one in of.items()},
        weak={language: one.weak for language, one in of.items()},
        against={language: one.against for language, one in of.items()},
        tags={language: [*one.tags, node.name] for language, one in of.items()},
    )
