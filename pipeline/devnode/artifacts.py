"""What the node is made of, pinned by hash, and the two ordinary clients that can fetch it.

Where a registry is, is the client's business and its user's settings: no address stands here.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.devnode import VERSION
from pipeline.errors import StoreUnavailable, UsageError

_PATIENCE_S = 900  # for 100 MB over a slow line


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file in a Maven registry."""

    group: str
    name: str
    version: str
    extension: str
    sha512: str  # of the file, as lower-case hex

    @property
    def file_name(self) -> str:
        """What the file is called in every registry."""
        return f"{self.name}-{self.version}.{self.extension}"


SERVER = Artifact(
    group="org.elasticsearch.distribution.integ-test-zip",
    name="elasticsearch",
    version=VERSION,
    extension="zip",
    sha512="2c624e913bb8712fb1698fc1ab3a241c868228183f089ff3cde17ad7bc7b5a96"
    "63454c2af939c65e075663826371e3d4344dca43a55a8aab9594f9a64b01d2c7",
)
#: Eclipse's compiler is itself a Java program: it runs where there is a Java but no javac.
COMPILER = Artifact(
    group="org.eclipse.jdt",
    name="ecj",
    version="3.43.0",
    extension="jar",
    sha512="06d8974af46d81f7a03c257b54fb5854a9b9ba8ab2733db4946745142e07e7dc"
    "3e69ea864d4b011230ffb8f92243503d7ffb6ac2ddf9b747c1bbc155c55fb583",
)


def fetch(artifact: Artifact, folder: Path, say: Callable[[str], None]) -> Path:
    """Return the artifact's file in a folder; it is fetched when it is not there yet.

    Raises UsageError when there is no client, StoreUnavailable when none can fetch it or when it
    is not the file that is pinned here.
    """
    kept = folder / artifact.file_name
    if not kept.exists():
        clients = _clients()
        if not clients:
            raise UsageError(
                "neither mvn nor the Python package maven-artifact is installed, and one of them "
                "has to fetch Elasticsearch: `make dev` in the checkout installs the package"
            )
        say(f"fetching {artifact.file_name} from the Maven registry")
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as fresh:
            fetched = _fetch(artifact, clients, Path(fresh))
            verify(fetched, artifact)
            fetched.replace(kept)
    verify(kept, artifact)
    return kept


def verify(file: Path, artifact: Artifact) -> None:
    """Refuse a file that is not the one that is pinned. Raises StoreUnavailable."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha512").hexdigest()
    if found != artifact.sha512:
        raise StoreUnavailable(
            f"{file} is not the {artifact.file_name} that Newsline was tested with, and is not "
            f"used: its SHA-512 begins {found[:16]}, expected is {artifact.sha512[:16]}"
        )


def _clients() -> dict[str, Callable[[Artifact, Path], list[str]]]:
    """Return the clients that are installed, by name: artifact and folder → command."""
    clients: dict[str, Callable[[Artifact, Path], list[str]]] = {}
    if mvn := shutil.which("mvn"):
        clients["mvn"] = lambda artifact, folder: [
            mvn,
            "--batch-mode",
            "--quiet",
            "dependency:copy",
            f"-Dartifact={artifact.group}:{artifact.name}:{artifact.version}:{artifact.extension}",
            f"-DoutputDirectory={folder}",
        ]
    if importlib.util.find_spec("maven_artifact"):
        clients["maven-artifact"] = lambda artifact, folder: [
            sys.executable,
            "-m",
            "maven_artifact.main",
            f"{artifact.group}:{artifact.name}:{artifact.extension}:{artifact.version}",
            str(folder / artifact.file_name),
        ]
    return clients


def _fetch(
    artifact: Artifact, clients: dict[str, Callable[[Artifact, Path], list[str]]], folder: Path
) -> Path:
    """Let one client after the other try, and return the file that the first of them got."""
    said = []
    for client, command in clients.items():
        try:
            done = subprocess.run(
                command(artifact, folder),
                cwd=folder,  # mvn would take a pom.xml of the present folder for its own
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            said.append(f"{client}: not done after {_PATIENCE_S} s")
            continue
        fetched = folder / artifact.file_name
        if done.returncode == 0 and fetched.exists():
            return fetched
        said.append(f"{client}: {_first_complaint(done.stdout)}")
    reasons = "; ".join(said)
    raise StoreUnavailable(f"{artifact.file_name} cannot be fetched. {reasons}")


def _first_complaint(output: str) -> str:
    """Return the line that says what went wrong: mvn goes on for a page after it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in lines if "[ERROR]" in line or "Failed" in line), "no answer")
