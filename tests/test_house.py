"""The house rules that no other checker knows: floors, map, sizes, locks, forbidden words."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINTER = read_configuration(str(ROOT / "pyproject.toml"))
README = (ROOT / "README.md").read_text(encoding="utf-8")

MOST_RUNTIME_PACKAGES = 32
MOST_LINES = 400
MOST_MODULES = 12
BELOW_THE_PORTS = {
    *("compile", "interpret", "records", "model"),
    *("expressions", "errors", "nearest", "languages", "redaction", "secret", "signalr"),
}
CONTRACTS = {  # the rooms that each needs: it must stand as soon as they do
    "One place takes turns": {"interpret", "run"},
    "The web does not know which adapters serve it": {"web", "adapters"},
    "No circles between siblings": set(),
    "The engine does not know its activities": set(),
}
REVEALING = {  # reference: rule D1, secrets never rest
    "engine/adapters/hashing.py",
    "engine/adapters/vault.py",
    "engine/identity/passcodes.py",
    "engine/cli/prompt.py",
}
# A letter in brackets keeps these patterns from finding themselves.
HOSTS = r"py[p]i\.org|python[h]osted|np[m]js\.|deb\.deb[i]an|conda\.[a]naconda"
PLACES = r"/wor[k]/|/far[m]/|/roo[t]/|/hom[e]/\w|/User[s]/|/tm[p]/"
TEXTS = {".py", ".md", ".toml", ".txt", ".yaml", ".json", ".sql", ".html", ".js", ".css", ".po"}


def sources(*folders: str) -> list[Path]:
    """Give the Python files below these folders of the project, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def texts() -> Iterator[Path]:
    """Give every text file of the project that people wrote, and the locks."""
    for folder in ("engine", "activities", "definitions", "forms", "tests"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS)
    yield from (path for path in ROOT.glob("*") if path.suffix in TEXTS)
    yield ROOT / ".ci" / "run"


def named(path: Path) -> str:
    """Name a file from the project's root, as README and the linter do."""
    return path.relative_to(ROOT).as_posix()


def rooms() -> set[str]:
    """Give the rooms of `engine`: modules by their stem, packages by their folder."""
    modules = {path.stem for path in (ROOT / "engine").glob("*.py")} - {"__init__"}
    return modules | {path.parent.name for path in (ROOT / "engine").glob("*/__init__.py")}


def contract(name: str) -> dict[str, Any]:
    """Give the settings of one of the linter's contracts."""
    return next(c for c in LINTER["contracts_options"] if c["name"] == name)


def section(heading: str) -> str:
    """Give the text of README under a heading of the second level."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", README, re.S | re.M)
    assert found, f"README has no section {heading}"
    return found.group(1)


def test_house_stands_on_its_floors() -> None:
    linter = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert linter, "import-linter is not installed beside this interpreter"

    done = subprocess.run(
        [linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("importer", ["activities", "activities.passcodes.authentication"])
def test_activities_may_enter_by_the_door_alone(importer: str) -> None:
    settings = contract("Activities enter by one door")

    def is_refused(room: str) -> bool:
        graph = grimp.ImportGraph()
        for module in ("engine", "activities", importer, *(f"engine.{name}" for name in rooms())):
            graph.add_module(module)
        graph.add_import(importer=importer, imported=f"engine.{room}")
        judge = ForbiddenContract("door", LINTER["session_options"], settings)
        return not judge.check(graph=graph, verbose=False).kept

    assert {room for room in rooms() if is_refused(room)} == rooms() - {"activity"}


def test_every_room_below_the_ports_is_kept_from_the_world() -> None:
    kept_apart = set(contract("No I/O below the ports")["source_modules"])

    assert kept_apart == {f"engine.{room}" for room in BELOW_THE_PORTS & rooms()}


def test_contracts_stand_as_soon_as_their_rooms_do() -> None:
    due = {name for name, needs in CONTRACTS.items() if needs <= rooms()}

    assert due <= {settings["name"] for settings in LINTER["contracts_options"]}


def test_readme_lists_every_shipped_definition() -> None:
    told = set(re.findall(r"^\| `([\w-]+)` \|", section("What is shipped"), re.M))

    assert told == {path.stem for path in (ROOT / "definitions").glob("*.yaml")}


def test_map_shows_the_rooms_that_exist() -> None:
    block = re.search(r"```text\n(.*?)```", section("The map"), re.S)
    assert block

    lines = block.group(1).splitlines()
    begin = lines.index("engine/") + 1
    inside = [line for line in lines[begin:] if line.startswith("  ")]
    words = [word for line in inside for word in re.split(r"\s{2,}", line.strip())[0].split()]

    assert {word.rstrip("/").removesuffix(".py") for word in words} == rooms()


def test_map_shows_the_wings_that_exist() -> None:
    shown = set(re.findall(r"^(\w+)/", section("The map"), re.M))

    known = ("engine", "activities", "definitions", "forms", "tests")
    assert shown == {name for name in known if any((ROOT / name).glob("*"))}


def test_readme_says_what_each_package_saves_us() -> None:
    said = section("Dependencies").lower()
    groups = [PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"].values()]
    wanted = [line for group in groups for line in group if isinstance(line, str)]

    packages = [re.split(r"[<>=!;\s]", line)[0].lower() for line in wanted]

    assert [p for p in packages if not re.search(rf"(?<![\w-]){p}(?![\w-])", said)] == []


@pytest.mark.parametrize("heading", ["Run", "Test"])
def test_readme_gives_one_command(heading: str) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", section(heading), re.S)

    assert [shlex.split(block)[:3] for block in blocks] == [["python3", "-m", "engine"]]
    assert len(blocks[0].splitlines()) == 1


def test_ci_calls_the_command_of_the_readme() -> None:
    command = re.search(r"```sh\n(.*?)\n```", section("Test"))
    assert command

    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    calls = [line for line in lines if line.startswith(f"{command.group(1)} ")]
    assert [line for line in calls if " </dev/null" in line and "--version" not in line]


def pins(lock: str) -> dict[str, str]:
    """Give the version of every package of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,.-]+\])?==(\S+)", text, re.M))


def runtime_packages() -> set[str]:
    """Give the packages of the runtime lock that an installed wheel brings along.

    The lock says after each package for whose sake it is there; what only the build backend of a
    clone wants is not counted.
    """
    blocks = re.split(r"^(?=[\w.-]+==)", (ROOT / "requirements.txt").read_text("utf-8"), flags=re.M)
    wanted_by = {
        block.split("==")[0]: set(re.findall(r"^    # +(?:via +)?(\S.*)$", block, re.M))
        for block in blocks[1:]
    }
    found, before = {"trustflow (pyproject.toml)"}, 0
    while len(found) > before:
        before = len(found)
        found |= {package for package, parents in wanted_by.items() if parents & found}
    return found - {"trustflow (pyproject.toml)"}


def test_few_packages_run_here() -> None:
    packages = runtime_packages()

    assert {"starlette", "anyio", "idna", "markupsafe"} <= packages
    assert "hatchling" not in packages
    assert len(packages) <= MOST_RUNTIME_PACKAGES


def test_tests_run_on_the_packages_that_are_shipped() -> None:
    assert pins("requirements.txt").items() <= pins("tests/requirements.txt").items()


@pytest.mark.parametrize("lock", ["requirements.txt", "tests/requirements.txt"])
def test_lock_holds_pins_and_hashes_only(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    form = re.compile(
        r"[\w.-]+(\[[\w,.-]+\])?==[^\s;]+( ; [^\\]+)? \\"
        r"|    --hash=sha256:[0-9a-f]{64}( \\)?|    #.*"
    )

    assert [line for line in text.splitlines() if not form.fullmatch(line)] == []


@pytest.mark.parametrize("lock", ["requirements.txt", "tests/requirements.txt"])
def test_lock_pins_packages_with_the_extras_they_are_wanted_with(lock: str) -> None:
    # pip looks for `name[extra]` apart from a pinned `name`: it finds a newer one, without a hash.
    locked = set(re.findall(r"^([\w.,\[\]-]+)==", (ROOT / lock).read_text("utf-8"), re.M))
    here = {canonical(one.name): one.requires or [] for one in metadata.distributions()}

    wanted = {
        canonical(found[0])
        for name in locked
        for line in here.get(canonical(name.partition("[")[0]), [])
        if "extra ==" not in line and (found := re.match(r"[\w.-]+\[[\w,.-]+\]", line))
    }

    assert wanted <= {canonical(name) for name in locked}


def canonical(name: str) -> str:
    """Write a package's name as locks do."""
    return name.lower().replace("_", "-").replace(".", "-")


def test_every_python_file_says_what_it_is() -> None:
    files = sources("engine", "activities", "tests")

    silent = [named(f) for f in files if not ast.get_docstring(ast.parse(f.read_text("utf-8")))]

    assert silent == []


def test_every_file_is_named_by_what_lives_there() -> None:
    empty = {"utils", "util", "helpers", "common", "base", "misc"}

    assert [named(f) for f in sources("engine", "activities", "tests") if f.stem in empty] == []


def test_modules_are_small() -> None:
    files = sources("engine", "activities")
    lines = {named(f): len(f.read_text(encoding="utf-8").splitlines()) for f in files}

    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_packages_are_small() -> None:
    files = [f for f in sources("engine", "activities") if f.name != "__init__.py"]
    folders = {named(f.parent): 0 for f in files}
    for file in files:
        folders[named(file.parent)] += 1

    assert {name: count for name, count in folders.items() if count > MOST_MODULES} == {}


@pytest.mark.parametrize("pattern", [HOSTS, PLACES], ids=["registries", "machine paths"])
def test_no_file_names_where_it_was_made(pattern: str) -> None:
    found = [
        f"{named(path)}:{number}: {line.strip()[:80]}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]

    assert found == []


def files_where(judge: Callable[[ast.AST], bool]) -> set[str]:
    """Give the product's files that have a node of the syntax tree for which `judge` says yes."""
    trees = {named(f): ast.parse(f.read_text("utf-8")) for f in sources("engine", "activities")}
    return {name for name, tree in trees.items() if any(judge(node) for node in ast.walk(tree))}


def reveals(node: ast.AST) -> bool:
    """Tell whether this takes the value out of a secret: `x.reveal`, called or handed on."""
    return isinstance(node, ast.Attribute) and node.attr == "reveal"


def catches_everything(node: ast.AST) -> bool:
    """Tell whether this is `except:`, `except Exception` or wider, alone or among others."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else set()
    return node.type is None or bool(names & {"Exception", "BaseException"})


def buffers_responses(node: ast.AST) -> bool:
    """Tell whether this names Starlette's middleware that costs 300 us a request."""
    name = "BaseHTTP" + "Middleware"
    return (isinstance(node, ast.alias) and node.name == name) or (
        isinstance(node, ast.Attribute) and node.attr == name
    )


def test_secrets_are_revealed_where_they_are_used_up() -> None:
    assert files_where(reveals) <= REVEALING


def test_middleware_is_pure_asgi() -> None:
    assert files_where(buffers_responses) == set()


def test_three_places_catch_everything() -> None:
    elsewhere = files_where(catches_everything) - {
        "engine/run/hop/perform.py",
        "engine/run/pump.py",
    }

    assert len(elsewhere) <= 1
    assert all(name.startswith("engine/web/") for name in elsewhere)


@pytest.mark.parametrize(
    ("judge", "planted"),
    [
        (reveals, "hand_on(secret.reveal)"),
        (catches_everything, "try: f()\nexcept (OSError, Exception): pass"),
        (catches_everything, "try: f()\nexcept: pass"),
        (buffers_responses, "from starlette.middleware.base import BaseHTTP" + "Middleware as B"),
    ],
)
def test_judges_find_what_is_planted(judge: Callable[[ast.AST], bool], planted: str) -> None:
    assert any(judge(node) for node in ast.walk(ast.parse(planted)))


@pytest.mark.parametrize("no_skip", ["1", "0"])
@pytest.mark.parametrize(
    "skip", ["def test_it(): pytest.skip('no tool')", "pytest.importorskip('x')"]
)
def test_skip_fails_where_none_is_allowed(tmp_path: Path, skip: str, no_skip: str) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_good.py").write_text("def test_good(): pass\n")
    (tmp_path / "test_sample.py").write_text(f"import pytest\n{skip}\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={"TRUSTFLOW_NO_SKIP": no_skip},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode == 0) == (no_skip == "0"), done.stdout
    assert ("no skip is allowed here" in done.stdout) == (no_skip == "1")
