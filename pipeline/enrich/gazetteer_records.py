"""What the files of config/gazetteer/ may say, field by field; see gazetteer_files.py."""

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.enrich.folding import fold_key
from pipeline.enrich.gazetteer import (
    ANY_LANGUAGE,
    LANGUAGES,
    ORGANISATION,
    PERSON,
    PLACE,
    Name,
    Rule,
    Words,
)
from pipeline.enrich.matching import OPEN_END

_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class EntityRecord(BaseModel):
    """One entity as written in a file."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    id: str = Field(pattern=_SLUG)
    type: str = Field(pattern=f"^({PERSON}|{ORGANISATION}|{PLACE})$")
    name: str = Field(min_length=2)
    aliases: dict[str, list[str]] = {}
    acronyms: list[str] = []
    surname: str | None = None
    kind: str = ""
    role: str = ""
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    wikidata: str | None = Field(default=None, pattern=r"^Q[1-9]\d*$")
    geonames: int | None = Field(default=None, gt=0)

    @field_validator("aliases")
    @classmethod
    def _languages(cls, aliases: dict[str, list[str]]) -> dict[str, list[str]]:
        unknown = sorted(set(aliases) - set(LANGUAGES))
        if unknown:
            raise ValueError(
                f"unknown language {', '.join(unknown)}; known: {', '.join(LANGUAGES)}"
            )
        if not all(fold_key(alias) for several in aliases.values() for alias in several):
            raise ValueError("an alias is empty")
        return aliases

    @model_validator(mode="after")
    def _only_places_have_coordinates(self) -> "EntityRecord":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon belong together")
        if self.lat is not None and self.type != PLACE:
            raise ValueError("only places have coordinates")
        return self

    def as_name(self) -> Name:
        """Return the record in the form that is matched."""
        aliases = [
            (ANY_LANGUAGE if language == "en" else language, alias)
            for language, several in self.aliases.items()
            for alias in several
        ]
        aliases += [(ANY_LANGUAGE, acronym) for acronym in self.acronyms]
        surname = self.surname if self.surname is not None else self.name.split()[-1]
        return Name(
            self.id,
            self.name,
            self.type,
            tuple(aliases),
            self.kind,
            self.role,
            self.country,
            None if self.lat is None or self.lon is None else (self.lat, self.lon),
            self.wikidata,
            self.geonames,
            surname if self.type == PERSON else "",
        )


class RuleRecord(BaseModel):
    """One rule as written in context.toml."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    entity: str
    aliases: list[str] = []
    needs: list[str] = []
    not_with: list[str] = []

    @model_validator(mode="after")
    def _says_something(self) -> "RuleRecord":
        if not self.needs and not self.not_with:
            raise ValueError("a rule has `needs` or `not_with`")
        return self

    def as_rule(self) -> Rule:
        """Return the rule with folded words."""
        return Rule(
            self.entity,
            frozenset(map(fold_key, self.aliases)),
            tuple(map(_context_word, self.needs)),
            tuple(map(_context_word, self.not_with)),
        )


class ContextFile(BaseModel):
    """context.toml."""

    model_config = ConfigDict(extra="forbid")

    masks: list[str] = []
    rule: list[RuleRecord] = []


class WordsFile(BaseModel):
    """words.toml."""

    model_config = ConfigDict(extra="forbid")

    given_names: list[str]
    titles: list[str]
    function_words: list[str]
    capital_words: list[str]

    def as_words(self) -> Words:
        """Return the words folded."""
        return Words(*(frozenset(map(fold_key, words)) for _, words in self))


class EntityFile(BaseModel):
    """A file of people or organisations."""

    model_config = ConfigDict(extra="forbid")

    entity: list[EntityRecord]


def _context_word(word: str) -> str:
    return fold_key(word.removesuffix(OPEN_END)) + (OPEN_END if word.endswith(OPEN_END) else "")
