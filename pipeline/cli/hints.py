"""Commands that messages advise, written so that they can be run as they are printed.

A message names a command in backticks: `newsline balance`. Who reads it stands in the same folder
and shell as before, so the command gets the --data, --config and --feeds that this one was given
(what stands in the environment stays there), and the way to the program where the shell has none.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path

_ADVISED = re.compile(r"`newsline ([^`]+)`")
_FEEDS, _DATA, _CONFIG = "--feeds", "--data", "--config"
#: Command or group → which of these options it takes. Those that are not here take none.
TAKES: Mapping[str, tuple[str, ...]] = {
    "run": (_FEEDS, _DATA, _CONFIG),
    "check": (_FEEDS, _CONFIG),
    "search": (_DATA, _CONFIG),
    "feeds list": (_FEEDS, _DATA, _CONFIG),
    "feeds check": (_FEEDS, _CONFIG),
    "feeds discover": (_CONFIG,),
    "feeds export": (_FEEDS, _DATA, _CONFIG),
    "balance": (_DATA, _CONFIG),
    "where": (_DATA, _CONFIG),
    "replay": (_DATA, _CONFIG),
    "quality": (_DATA, _CONFIG),
    "index": (_DATA, _CONFIG),
    "ledger": (_DATA, _CONFIG),
    "archive": (_DATA, _CONFIG),
    "keys": (_DATA, _CONFIG),
    "serve": (_DATA, _CONFIG),
    "alerts": (_DATA, _CONFIG),
    "webhooks": (_DATA, _CONFIG),
    "erase": (_DATA, _CONFIG),
    "kb check": (_CONFIG,),
    "kb suggest": (_DATA, _CONFIG),
    "kb refresh": (_DATA, _CONFIG),
    "kibana": (_CONFIG,),
    "parse-feed": (_CONFIG,),
    "extract": (_CONFIG,),
    "enrich": (_CONFIG,),
}


#: The words of the command line: the root keeps them here.
WORDS: ContextVar[Sequence[str]] = ContextVar("words", default=())


def complete(message: str) -> str:
    """Return a message with every command in it as this user has to type it."""
    return _ADVISED.sub(lambda found: f"`{command(found[1])}`", message)


def command(line: str) -> str:
    """Return one command, e.g. "index rebuild", with program and options."""
    words = line.split()
    takes = TAKES.get(" ".join(words[:2])) or TAKES.get(words[0], ())
    given = [
        f"{option} {shlex.quote(value)}"
        for option, value in given_options(WORDS.get()).items()
        if option in takes and option not in words
    ]
    return " ".join([_program(), line, *given])


def given_options(words: Sequence[str]) -> dict[str, str]:
    """Return which of the options a command line gives → value."""
    found = {}
    options = words[: words.index("--")] if "--" in words else words
    for position, word in enumerate(options):
        option, equals, value = word.partition("=")
        if option in (_FEEDS, _DATA, _CONFIG):
            found[option] = value if equals else "".join(options[position + 1 : position + 2])
    return found


def _program() -> str:
    """Return what the shell finds the command by, from where the user stands."""
    beside = Path(sys.executable).with_name("newsline")
    if shutil.which("newsline") or not beside.is_file():
        return "newsline"
    here = Path.cwd()
    return shlex.quote(str(beside.relative_to(here) if beside.is_relative_to(here) else beside))
