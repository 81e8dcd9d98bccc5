"""Reads config/gazetteer/ and reports everything that is wrong with it at once.

*.tsv          places, a line each; the same columns in every file
*.toml         [[entity]]: people and organisations
context.toml   [[rule]]: when an alias with several meanings means what; `masks`: no entities
words.toml     words around names: given names, titles, function words
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.enrich.config_files import check, read_text, read_toml
from pipeline.enrich.folding import fold_key
from pipeline.enrich.gazetteer import ANY_LANGUAGE, LANGUAGES, PLACE, Gazetteer, Name, Rule
from pipeline.enrich.gazetteer_records import ContextFile, EntityFile, EntityRecord, WordsFile
from pipeline.errors import ConfigError, Fault

_CONTEXT, _WORDS = "context.toml", "words.toml"
_SEPARATOR = "|"  # between the aliases in one cell of a table
_COLUMNS = ("id", "name", "kind", *LANGUAGES, "acronyms", "country", "lat", "lon", "wikidata",
            "geonames")  # fmt: skip

#: (file, place in it, name): where each name was read, for the faults.
Placed = tuple[Path, str, Name]


def load_gazetteer(folder: Path) -> Gazetteer:
    """Read and check a gazetteer folder; ConfigError names every fault of every file."""
    faults: list[Fault] = []
    placed: list[Placed] = []
    for path in gazetteer_files(folder):
        if path.suffix == ".tsv":
            placed += _table(path, faults)
        elif path.name not in (_CONTEXT, _WORDS):
            placed += _entities(path, faults)
    context = read_toml(folder / _CONTEXT, ContextFile, faults)
    words = read_toml(folder / _WORDS, WordsFile, faults)
    rules = [record.as_rule() for record in context.rule] if context else []
    _check_ids(placed, faults)
    _check_rules(folder / _CONTEXT, placed, rules, faults)
    _check_shared_aliases(placed, rules, faults)
    if faults or context is None or words is None:
        raise ConfigError(faults)
    return Gazetteer((name for *_, name in placed), rules, context.masks, words.as_words())


def gazetteer_files(folder: Path) -> list[Path]:
    """Return the files of a gazetteer in a fixed order."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".tsv", ".toml"))


def _table(path: Path, faults: list[Fault]) -> Iterator[Placed]:
    text = read_text(path, faults)
    if text is None:
        return
    lines = csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    header = tuple(next(lines, ()))
    if header != _COLUMNS:
        faults.append(Fault(str(path), "line 1", f"the columns must be {', '.join(_COLUMNS)}"))
        return
    for number, cells in enumerate(lines, start=2):
        place = f"line {number}"
        if len(cells) != len(_COLUMNS):
            problem = f"has {len(cells)} cells instead of {len(_COLUMNS)}"
            faults.append(Fault(str(path), place, problem))
            continue
        values = _values(dict(zip(_COLUMNS, cells, strict=True)))
        record = check(EntityRecord, values, path, f"{place}: ", faults)
        if record:
            yield path, place, record.as_name()


def _values(row: dict[str, str]) -> dict[str, Any]:
    """Return a line of a table as the values of an entity; empty cells are left out."""
    aliases = {language: _split(row.pop(language)) for language in LANGUAGES}
    acronyms = _split(row.pop("acronyms"))
    kept = {column: cell for column, cell in row.items() if cell}
    return kept | {"type": PLACE, "aliases": aliases, "acronyms": acronyms}


def _split(cell: str) -> list[str]:
    return cell.split(_SEPARATOR) if cell else []


def _entities(path: Path, faults: list[Fault]) -> Iterator[Placed]:
    read = read_toml(path, EntityFile, faults)
    for record in read.entity if read else ():
        yield path, f"entity[{record.id}]", record.as_name()


def _check_ids(placed: list[Placed], faults: list[Fault]) -> None:
    first: dict[str, tuple[Path, str]] = {}
    for path, place, name in placed:
        if name.id in first:
            other, where = first[name.id]
            faults.append(Fault(str(path), place, f"id {name.id} is already in {other}, {where}"))
        else:
            first[name.id] = (path, place)


def _check_rules(path: Path, placed: list[Placed], rules: list[Rule], faults: list[Fault]) -> None:
    """Find rules for names that do not exist: they would never apply and nobody would notice."""
    spellings = {
        name.id: {fold_key(spelling) for _, spelling in name.spellings()} for *_, name in placed
    }
    for rule in rules:
        place = f"rule[{rule.entity}]"
        if rule.entity not in spellings:
            faults.append(Fault(str(path), place, "there is no entity with this id"))
            continue
        faults += [
            Fault(str(path), place, f"{alias!r} is no alias of it")
            for alias in sorted(rule.aliases - spellings[rule.entity])
        ]


def _check_shared_aliases(placed: list[Placed], rules: list[Rule], faults: list[Fault]) -> None:
    """Of the entities that share an alias in a language, all but one must say what they need."""
    conditional = {
        (rule.entity, alias) for rule in rules if rule.needs for alias in (rule.aliases or {""})
    }
    owners: defaultdict[str, dict[str, tuple[Path, str, set[str]]]] = defaultdict(dict)
    for path, place, name in placed:
        for language, spelling in name.spellings():
            key = fold_key(spelling)
            _, _, languages = owners[key].setdefault(name.id, (path, place, set()))
            languages.add(language)
    for key, claims in owners.items():
        free = {
            entity: claim
            for entity, claim in claims.items()
            if (entity, key) not in conditional and (entity, "") not in conditional
        }
        for entity, (path, place, languages) in list(free.items())[1:]:
            rivals = [
                other for other in free if other != entity and _meet(languages, free[other][2])
            ]
            if rivals:
                problem = (
                    f"alias {key!r} is also one of {', '.join(rivals)};"
                    f" say in {_CONTEXT} what it needs to mean {entity}"
                )
                faults.append(Fault(str(path), place, problem))


def _meet(some: set[str], others: set[str]) -> bool:
    return bool(some & others) or ANY_LANGUAGE in some or ANY_LANGUAGE in others
