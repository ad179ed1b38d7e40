"""The wheel stands alone: built, installed in an empty folder, it runs the demo there."""

import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.cli.shell import LONGEST_SECONDS, ROOT, link_in, passcode_in, surroundings

PACKAGES = Path(sysconfig.get_path("purelib"))


def told(*words: str | Path, cwd: Path) -> str:
    """Run a command to its end; give what it said. Fails when it fails."""
    plain = {name: value for name, value in surroundings().items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, words)), cwd=cwd, env=plain, timeout=2 * LONGEST_SECONDS,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built here and now without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    told(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--no-index", "--wheel-dir", folder, ROOT, cwd=folder,
    )  # fmt: skip
    (built,) = folder.glob("trustflow-*.whl")
    return built


@pytest.mark.slow
def test_wheel_holds_the_house_and_nothing_of_the_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    rooms = {name.split("/")[0] for name in names}
    assert rooms - {"engine", "activities"} == {
        name for name in rooms if re.fullmatch(r"trustflow-.+\.dist-info", name)
    }
    assert "engine/shipped/definitions/passcode-authentication.yaml" in names
    assert "engine/shipped/forms/passcode-authentication.v1.json" in names


@pytest.mark.slow
def test_installed_wheel_runs_the_demo_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    environment, empty = tmp_path / "environment", tmp_path / "empty"
    empty.mkdir()
    told(sys.executable, "-m", "venv", "--without-pip", environment, cwd=empty)
    python = environment / "bin" / "python"
    (lib,) = environment.glob("lib/python*/site-packages")
    # What trustflow needs is borrowed from here; a path says so, and no link leads to the clone.
    (lib / "borrowed.pth").write_text(f"{PACKAGES}\n")
    told(
        sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
        "--no-index", wheel, cwd=empty,
    )  # fmt: skip

    where = told(python, "-c", "import engine; print(engine.__file__)", cwd=empty)
    version = told(python, "-m", "engine", "--version", cwd=empty)
    command = environment / "bin" / "trustflow"
    with subprocess.Popen(
        [command, "demo", "--port", "0"], cwd=empty, text=True, stdout=subprocess.PIPE,
        env={n: value for n, value in surroundings().items() if n != "PYTHONPATH"},
    ) as demo:  # fmt: skip
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "Ready." in line:
                break
        demo.terminate()
        demo.communicate(timeout=LONGEST_SECONDS)

    assert Path(where.strip()).is_relative_to(environment)
    assert version.startswith("trustflow ")
    assert link_in(said)
    assert passcode_in(said)
    assert demo.returncode == 0
    assert [path.name for path in empty.iterdir()] == [".trustflow-demo"]
