"""The mutation run: small mistakes are planted in what keeps secrets, tokens, ledger and commits.

python -m tests.mutants                        every module of the plan
python -m tests.mutants engine/secret.py       these modules alone
python -m tests.mutants --part 1/10            every tenth mistake, from the first on
python -m tests.mutants --keep FOLDER          what is found is kept there and not judged again

It works on a copy of the tree and plants in memory. It fails where fewer than 80 of 100 are found.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.mutants.operators import functions
from tests.mutants.plan import TESTS
from tests.mutants.worker import FOUND, file_of

ROOT: Final = Path(__file__).resolve().parent.parent.parent
COPIED: Final = (
    "engine",
    "activities",
    "definitions",
    "forms",
    "tests",
    "pyproject.toml",
    "README.md",
)
ALIKE: Final = Path(__file__).with_name("alike.toml")
BAR: Final = 0.80

Verdict = dict[str, str | int | float]


def main() -> int:
    """Run what was asked for, print the table; 1 where the bar is missed."""
    asked = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asked.add_argument("modules", nargs="*", type=_module, metavar="module")
    asked.add_argument("--part", default="1/1", metavar="I/N")
    asked.add_argument("--keep", type=Path, metavar="FOLDER")
    asked.add_argument("--jobs", type=int, default=2, help="modules at once")
    given = asked.parse_args()
    modules = given.modules or list(TESTS)
    with TemporaryDirectory() as folder:
        place = Path(folder)
        told = given.keep.resolve() if given.keep else place / "told"
        told.mkdir(parents=True, exist_ok=True)

        groups: dict[tuple[str, ...], list[str]] = {}
        for module in modules:
            groups.setdefault(TESTS[module], []).append(module)

        def judge(group: list[str]) -> None:
            _judge(group, given.part, told, place / group[0].replace("/", "."))

        with ThreadPoolExecutor(given.jobs) as workers:
            list(workers.map(judge, groups.values()))
        verdicts = [line for module in modules for line in _read(file_of(told, module))]
    return report(modules, verdicts)


def _module(name: str) -> str:
    if name not in TESTS:
        message = f"{name} is not in tests/mutants/plan.py"
        raise argparse.ArgumentTypeError(message)
    return name


def _judge(modules: Sequence[str], part: str, told: Path, place: Path) -> None:
    """Judge mistakes in a copy of the tree, which goes afterwards."""
    place.mkdir()
    for name in COPIED:
        source = ROOT / name
        copied = shutil.copytree if source.is_dir() else shutil.copy
        copied(source, place / name)
    command = [sys.executable, "-m", "tests.mutants.worker", str(told), *part.split("/"), *modules]
    subprocess.run(command, cwd=place, check=True)
    shutil.rmtree(place, ignore_errors=True)
    for module in modules:
        say(f"  {module}: {_summary(_read(file_of(told, module)))}")


def _read(file: Path) -> list[Verdict]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


def report(modules: Sequence[str], verdicts: Sequence[Verdict]) -> int:
    """Print what was made, found and missed; 1 where fewer were found than the bar asks for."""
    alike = tomllib.loads(ALIKE.read_text(encoding="utf-8"))
    say(
        "\n| module | made | found | missed | functions with fewer than three |\n"
        + "| --- " * 5
        + "|"
    )
    for module in modules:
        own = [line for line in verdicts if line["module"] == module]
        counts = Counter(str(line["function"]) for line in own)
        names = functions((ROOT / module).read_text(encoding="utf-8"))
        few = sum(counts[name] < 3 for name in names)
        found = sum(line["verdict"] in FOUND for line in own)
        say(f"| {module} | {len(own)} | {found} | {len(own) - found} | {few} of {len(names)} |")
    missed = [line for line in verdicts if line["verdict"] not in FOUND]
    for line in missed:
        why = alike.get(str(line["module"]), {}).get(str(line["key"]), "")
        say(
            f"{line['module']}:{line['line']}: {line['verdict']}: {line['key']}"
            + (why and f" ({why})")
        )
    say(f"\n{_summary(verdicts)}")
    return int(len(missed) > (1 - BAR) * len(verdicts))


def _summary(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(str(line["verdict"]) for line in verdicts)
    made, found = counts.total(), sum(counts[name] for name in FOUND)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"{made} made, {found / made:.1%} found ({told})" if made else "nothing to plant"


def say(text: str) -> None:
    """Print, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
