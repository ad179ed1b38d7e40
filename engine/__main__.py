"""Start trustflow: `python3 -m engine <command>`, or `python3 -m engine test` for the tests.

From an installed wheel this hands over to the command line at once. In a clone it first makes the
environment `.venv` beside `engine`, once and again when the locks change, and goes on inside it.
It knows the standard library only, because it runs before anything is installed, and keeps to a
syntax that older Pythons can read, so that they can say that they are too old.
"""

import sys

if sys.version_info < (3, 11) or sys.version_info[:3] == (3, 14, 1):
    sys.exit(
        "trustflow needs Python 3.11 or newer, and not 3.14.1 (networkx refuses it).\n"
        "This is Python {}.{}.{}. If a newer one is installed, name it:\n"
        "python3.13 -m engine ...".format(*sys.version_info[:3])
    )

import hashlib
import importlib.util
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RUNTIME_LOCK = "requirements.txt"
TEST_LOCK = "tests/requirements.txt"  # holds all of the runtime lock (tests/test_house.py)
LAST_LINES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A clone of the project, and where its environment keeps what."""

    root: Path

    @property
    def environment(self) -> Path:
        """The folder of the virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        folder = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        return self.environment / folder

    @property
    def marker(self) -> Path:
        """Written last: what is installed, see `stamp`."""
        return self.environment / "trustflow.installed"

    @property
    def unfinished(self) -> Path:
        """Stands while pip works; one that is found means that pip did not come to its end."""
        return self.environment / "trustflow.unfinished"

    @property
    def log(self) -> Path:
        """What venv and pip said."""
        return self.root / ".venv.log"


def find_clone(package: Path) -> "Clone | None":
    """Find the clone that holds the folder `package` (`engine`); None if it was installed."""
    root = package.resolve().parent
    files = ("pyproject.toml", RUNTIME_LOCK, TEST_LOCK)
    return Clone(root=root) if all((root / name).is_file() for name in files) else None


def lock_for(arguments: Sequence[str]) -> str:
    """Choose the lock, relative to the clone's root, that these arguments need installed."""
    return TEST_LOCK if arguments[:1] == ["test"] else RUNTIME_LOCK


def stamp(clone: Clone, lock: str) -> str:
    """Name what an installed lock depends on, in one line of the marker.

    pyproject.toml counts because entry points and scripts are installed from it, and the
    interpreter because a system upgrade puts another one behind the same link.
    """
    digest = hashlib.sha256()
    for name in (lock, "pyproject.toml"):
        digest.update((clone.root / name).read_bytes())
    return f"{lock} {digest.hexdigest()} {os.path.realpath(clone.python)}"


def is_ready(clone: Clone, lock: str) -> bool:
    """Tell whether the environment holds exactly this lock, installed to the end."""
    parts = (clone.python, clone.marker, clone.environment / "pyvenv.cfg")
    if clone.unfinished.exists() or not all(part.is_file() for part in parts):
        return False
    return stamp(clone, lock) in clone.marker.read_text(encoding="utf-8").splitlines()


def must_start_anew(clone: Clone) -> bool:
    """Tell whether what stands in `.venv` is broken, so that it must not be built upon.

    An environment that somebody made by hand carries no marker and is kept.
    """
    if clone.unfinished.exists() or not clone.python.is_file():
        return True
    if not clone.marker.is_file():
        return False
    lines = clone.marker.read_text(encoding="utf-8").splitlines()
    return not all(line.endswith(f" {os.path.realpath(clone.python)}") for line in lines)


def is_inside(clone: Clone) -> bool:
    """Tell whether this process runs on the environment's interpreter."""
    return clone.environment.is_dir() and clone.environment.samefile(sys.prefix)


def prepare(clone: Clone, lock: str) -> None:
    """Make the environment hold this lock and the project itself.

    Two first starts at once do it one after the other; the second finds it done.

    Raises:
        SystemExit: Something is missing here, or pip gave up; it says what to do.
    """
    try:
        with _one_at_a_time(clone):
            if not is_ready(clone, lock):
                _install(clone, lock)
    except OSError as error:
        sys.exit(
            f"Cannot make {clone.environment}: {error.strerror or error}.\n"
            "The clone must lie in a folder you may write to, on a disk that is not full."
        )


def _install(clone: Clone, lock: str) -> None:
    began = time.monotonic()
    what = "the tests need" if lock == TEST_LOCK else "trustflow needs"
    say(f"Installing what {what} into .venv (once, about 30 s) ...")
    clone.log.write_bytes(b"")
    _make_environment(clone)
    clone.unfinished.touch()
    clone.marker.unlink(missing_ok=True)
    pip = [str(clone.python), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    _run(clone, [*pip, "--disable-pip-version-check", "--require-hashes", "-r", lock])
    # The project comes second and alone: --require-hashes refuses a folder in the same call.
    itself = ["--no-deps", "--no-build-isolation", "--editable", "."]
    _run(clone, [*pip, "--disable-pip-version-check", *itself])
    held = [RUNTIME_LOCK, TEST_LOCK] if lock == TEST_LOCK else [RUNTIME_LOCK]
    stamps = [stamp(clone, name) + "\n" for name in held]
    clone.marker.write_text("".join(stamps), encoding="utf-8")
    clone.unfinished.unlink()
    say(f"Installed in {time.monotonic() - began:.0f} s.")


def _make_environment(clone: Clone) -> None:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        version = "{}.{}".format(*sys.version_info[:2])
        sys.exit(
            f"This Python {version} came without its module {missing[0]}.\n"
            f"On Debian and Ubuntu: sudo apt install python{version}-venv\n"
            "Then give the same command again."
        )
    anew = ["--clear"] if must_start_anew(clone) else []
    _run(clone, [sys.executable, "-m", "venv", *anew, str(clone.environment)])


def _run(clone: Clone, command: "list[str]") -> None:
    with clone.log.open("ab") as log:
        code = subprocess.call(
            command, cwd=clone.root, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    if code:
        lines = clone.log.read_text(encoding="utf-8", errors="replace").splitlines()
        told = "\n".join(f"    {line}" for line in lines[-LAST_LINES:])
        sys.exit(
            f"Installing did not work (exit {code}):\n{told}\n"
            f"All of it is in {clone.log.name}. Is the network there, and the disk not full?\n"
            "pip's own settings (PIP_INDEX_URL, PIP_CERT, PIP_PROXY, ...) are respected.\n"
            "Then give the same command again."
        )


@contextmanager
def _one_at_a_time(clone: Clone) -> "Iterator[None]":
    with (clone.root / ".venv.lock").open("a+b") as held:
        if not take(held.fileno(), patiently=False):
            say("Another start is installing into .venv; waiting for it ...")
            take(held.fileno(), patiently=True)
        yield  # closing the file lets go, and so does the end of the process, whatever ends it


if sys.platform == "win32":
    import msvcrt

    def take(descriptor: int, *, patiently: bool) -> bool:
        """Lock an open file for this process; tell whether that worked."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                if not patiently:
                    return False
                time.sleep(0.2)
            else:
                return True
else:
    import fcntl

    def take(descriptor: int, *, patiently: bool) -> bool:
        """Lock an open file for this process; tell whether that worked."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if patiently else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


def command_for(clone: Clone, arguments: Sequence[str]) -> "list[str]":
    """Give the command, interpreter first, that does inside what was asked for outside."""
    if lock_for(arguments) == TEST_LOCK:
        return [str(clone.python), "-m", "pytest", *arguments[1:]]
    return [str(clone.python), "-m", "engine", *arguments]


def say(words: str) -> None:
    """Tell the person; on standard error, so that a command's output stays its own."""
    print(words, file=sys.stderr, flush=True)


def start(arguments: "list[str]") -> None:
    """Do what the arguments (without the program's name) ask for, in the right environment."""
    clone = find_clone(Path(__file__).resolve().parent)
    if clone is None:
        _hand_over()
        return
    lock = lock_for(arguments)
    try:
        if not is_ready(clone, lock):
            prepare(clone, lock)
    except KeyboardInterrupt:
        say("\nStopped. The same command begins again.")
        sys.exit(130)
    if lock == RUNTIME_LOCK and is_inside(clone):
        _hand_over()
    else:
        _become(clone, command_for(clone, arguments))


def _become(clone: Clone, command: "list[str]") -> None:
    os.chdir(clone.root)  # pytest's settings and `-m engine` are found there
    if sys.platform == "win32":  # there execv returns to the shell before the program ends
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def _hand_over() -> None:
    from engine.cli.main import main  # only now is what it needs installed

    main()


if __name__ == "__main__":
    start(sys.argv[1:])
