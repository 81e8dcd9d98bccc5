"""Reads one TOML file against a pydantic model; faults are collected, not raised one by one."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import Fault

Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path, faults: list[Fault]) -> str | None:
    """Return a file's text, or note in `faults` why it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(str(path), "file", f"cannot be read: {error}"))
        return None


def read_toml(path: Path, model: type[Model], faults: list[Fault]) -> Model | None:
    """Return the file as a record, or note in `faults` everything that is wrong with it."""
    text = read_text(path, faults)
    if text is None:
        return None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.append(Fault(str(path), "file", f"is not TOML: {error}"))
        return None
    return check(model, values, path, "", faults)


def check(
    model: type[Model], values: dict[str, Any], path: Path, place: str, faults: list[Fault]
) -> Model | None:
    """Return the values as a record, or note every fault; `place` says where in the file."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False):
            key = place + _key(one["loc"], values)
            faults.append(Fault(str(path), key or "file", one["msg"]))
        return None


def _key(location: Sequence[int | str], values: object) -> str:
    """Return a dotted key; an item of a list goes by its `id` when it has one."""
    key = ""
    for step in location:
        values = _item(values, step)
        if isinstance(step, int):
            name = values.get("id") if isinstance(values, dict) else None
            key += f"[{name or step + 1}]"
        else:
            key += f".{step}" if key else step
    return key


def _item(values: object, step: int | str) -> object:
    if isinstance(values, list) and isinstance(step, int):
        return values[step]
    return values.get(step) if isinstance(values, dict) else None
