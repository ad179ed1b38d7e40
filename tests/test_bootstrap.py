"""What the bootstrap behind `python3 -m engine` decides: in made-up clones, without a network."""

import ast
import os
import sys
from pathlib import Path

import pytest

from engine import __main__ as bootstrap
from engine.__main__ import RUNTIME_LOCK, TEST_LOCK, Clone

SOURCE = Path(bootstrap.__file__)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone as git leaves it: locks, settings, no environment."""
    (tmp_path / "engine").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'sample'\n")
    (tmp_path / RUNTIME_LOCK).write_text("one==1\n")
    (tmp_path / TEST_LOCK).write_text("one==1\ntwo==2\n")
    return Clone(root=tmp_path)


def install(clone: Clone, *locks: str) -> None:
    """Leave behind what an installation that came to its end leaves behind."""
    clone.python.parent.mkdir(parents=True, exist_ok=True)
    clone.python.touch()
    (clone.environment / "pyvenv.cfg").touch()
    clone.marker.write_text("".join(bootstrap.stamp(clone, lock) + "\n" for lock in locks))


def test_clone_is_known_by_its_locks(clone: Clone) -> None:
    assert bootstrap.find_clone(clone.root / "engine") == Clone(root=clone.root.resolve())


@pytest.mark.parametrize("missing", ["pyproject.toml", RUNTIME_LOCK, TEST_LOCK])
def test_installed_package_is_no_clone(clone: Clone, missing: str) -> None:
    (clone.root / missing).unlink()

    assert bootstrap.find_clone(clone.root / "engine") is None


def test_only_the_test_command_needs_the_test_lock() -> None:
    assert bootstrap.lock_for(["test", "-q"]) == TEST_LOCK
    assert bootstrap.lock_for(["demo", "test"]) == RUNTIME_LOCK
    assert bootstrap.lock_for([]) == RUNTIME_LOCK


def test_fresh_clone_is_not_ready(clone: Clone) -> None:
    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert bootstrap.must_start_anew(clone)


def test_finished_installation_is_ready(clone: Clone) -> None:
    install(clone, RUNTIME_LOCK)

    assert bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert not bootstrap.is_ready(clone, TEST_LOCK)


@pytest.mark.parametrize("changed", [RUNTIME_LOCK, "pyproject.toml"])
def test_changed_lock_or_project_is_installed_again_upon_what_is_there(
    clone: Clone, changed: str
) -> None:
    install(clone, RUNTIME_LOCK)

    with (clone.root / changed).open("a") as file:
        file.write("# changed\n")

    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert not bootstrap.must_start_anew(clone)


def test_half_made_environment_is_made_anew(clone: Clone) -> None:
    install(clone, RUNTIME_LOCK)

    clone.unfinished.touch()

    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert bootstrap.must_start_anew(clone)


@pytest.mark.skipif(sys.platform == "win32", reason="interpreters are copied there, not linked")
def test_other_interpreter_behind_the_same_link_makes_it_anew(clone: Clone) -> None:
    install(clone, RUNTIME_LOCK)

    clone.python.unlink()
    clone.python.symlink_to(sys.executable)

    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert bootstrap.must_start_anew(clone)


def test_vanished_interpreter_makes_it_anew(clone: Clone) -> None:
    install(clone, RUNTIME_LOCK)

    clone.python.unlink()

    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert bootstrap.must_start_anew(clone)


def test_environment_without_its_settings_is_never_entered(clone: Clone) -> None:
    install(clone, RUNTIME_LOCK)

    (clone.environment / "pyvenv.cfg").unlink()  # its interpreter would come back here for ever

    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)


def test_environment_made_by_hand_is_kept(clone: Clone) -> None:
    install(clone, RUNTIME_LOCK)

    clone.marker.unlink()

    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert not bootstrap.must_start_anew(clone)


def test_arguments_travel_unchanged(clone: Clone) -> None:
    python = str(clone.python)

    demo = bootstrap.command_for(clone, ["demo", "--lan", "a b"])
    tests = bootstrap.command_for(clone, ["test", "-k", "a b"])

    assert demo == [python, "-m", "engine", "demo", "--lan", "a b"]
    assert tests == [python, "-m", "pytest", "-k", "a b"]


def test_process_outside_the_environment_knows_it(clone: Clone) -> None:
    install(clone, RUNTIME_LOCK)

    assert not bootstrap.is_inside(clone)


def test_second_start_waits_for_the_first(clone: Clone) -> None:
    path = clone.root / ".venv.lock"

    with path.open("a+b") as first, path.open("a+b") as second:
        assert bootstrap.take(first.fileno(), patiently=False)
        assert not bootstrap.take(second.fileno(), patiently=False)

        first.close()

        assert bootstrap.take(second.fileno(), patiently=True)


def test_finished_neighbour_leaves_nothing_to_do(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    install(clone, RUNTIME_LOCK)

    bootstrap.prepare(clone, RUNTIME_LOCK)

    assert capsys.readouterr().err == ""


def test_failed_installation_shows_the_last_lines_and_is_not_ready(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:  # noqa: TID251 - pip reads it
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (clone.root / RUNTIME_LOCK).write_text(f"no-such-package==1 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(SystemExit) as refusal:
        bootstrap.prepare(clone, RUNTIME_LOCK)

    assert "No matching distribution found for no-such-package==1" in str(refusal.value)
    assert "give the same command again" in str(refusal.value)
    assert "(once, about 30 s)" in capsys.readouterr().err
    assert not bootstrap.is_ready(clone, RUNTIME_LOCK)
    assert bootstrap.must_start_anew(clone)


def test_older_pythons_can_read_far_enough_to_refuse() -> None:
    for path in (SOURCE, SOURCE.with_name("__init__.py")):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))

    docstring, first, check, *_ = ast.parse(SOURCE.read_text(encoding="utf-8")).body

    assert isinstance(docstring, ast.Expr)
    assert ast.unparse(first) == "import sys"
    assert ast.unparse(check).startswith("if sys.version_info < (3, 11)")
