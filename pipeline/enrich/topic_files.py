"""Reads config/topics.toml, the project's own taxonomy, and finds every fault in it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.enrich.config_files import read_toml
from pipeline.enrich.topics import LANGUAGES, TopicRules, Topics
from pipeline.errors import ConfigError, Fault


class _TopicRecord(BaseModel):
    """One [[topic]] of the file; the lists are by language."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str = Field(min_length=2)
    strong: dict[str, list[str]] = {}
    weak: dict[str, list[str]] = {}
    near: dict[str, list[list[str]]] = {}
    against: dict[str, list[str]] = {}
    yields_to: list[str] = []

    @field_validator("strong", "weak", "near", "against")
    @classmethod
    def _languages(cls, lists: dict[str, list[object]]) -> dict[str, list[object]]:
        unknown = sorted(set(lists) - set(LANGUAGES))
        if unknown:
            raise ValueError(
                f"unknown language {', '.join(unknown)}; known: {', '.join(LANGUAGES)}"
            )
        return lists

    @field_validator("near")
    @classmethod
    def _pairs(cls, lists: dict[str, list[list[str]]]) -> dict[str, list[list[str]]]:
        if any(len(words) < 2 for several in lists.values() for words in several):  # noqa: PLR2004
            raise ValueError("a `near` list needs two phrases or more")
        return lists


class _TopicFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    topic: list[_TopicRecord]


def load_topics(path: Path) -> Topics:
    """Read and check the file; ConfigError names every fault."""
    faults: list[Fault] = []
    read = read_toml(path, _TopicFile, faults)
    seen: set[str] = set()
    for record in read.topic if read else ():
        if record.id in seen:
            faults.append(Fault(str(path), f"topic[{record.id}]", "this id is used twice"))
        seen.add(record.id)
    for record in read.topic if read else ():
        faults += [
            Fault(str(path), f"topic[{record.id}].yields_to", f"there is no topic {other}")
            for other in record.yields_to
            if other not in seen
        ]
    if faults or read is None:
        raise ConfigError(faults)
    return Topics([TopicRules(**record.model_dump()) for record in read.topic])
