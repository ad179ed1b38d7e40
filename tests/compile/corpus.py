"""The corpus: for every rule a text that breaks it alone, where, and a twin that breaks none.

`@@x*3@@` in a text stands for `xxx`, `@@byte e9@@` for one byte that is not UTF-8.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.compile import RULES, Source, check_definition, check_form
from engine.model.problem import Problem
from engine.model.signature import Signature
from tests.compile.palette import renamed

FOLDER = Path(__file__).parent / "corpus"
CODES = tuple(sorted(code for code in RULES if not code.startswith("D")))
"""Of all rules but those of deploying: they need a store, and not a text alone, to break."""
DEFINITIONS = tuple(code for code in CODES if (FOLDER / code / "bad.yaml").exists())


@dataclass(frozen=True, slots=True)
class Case:
    """One of the two texts of a rule."""

    code: str
    which: str

    @property
    def path(self) -> Path:
        """Give the file."""
        return next((FOLDER / self.code).glob(f"{self.which}.*"))

    def source(self, *, strange: bool = False) -> Source:
        """Read the text."""
        text = expanded(self.path.read_bytes())
        if strange:
            text = renamed(text.decode("utf-8", "surrogateescape")).encode(
                "utf-8", "surrogateescape"
            )
        return Source(path=self.path.name, text=text)

    def forms(self) -> dict[str, Source]:
        """Read the forms beside it."""
        folders = [FOLDER / "forms", FOLDER / self.code / self.which]
        files = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
        return {file.stem: Source(path=file.name, text=file.read_bytes()) for file in files}

    def problems(
        self, signatures: Sequence[Signature], *, strange: bool = False
    ) -> tuple[Problem, ...]:
        """Check it."""
        source = self.source(strange=strange)
        if source.path.endswith(".json"):
            return check_form(source).problems
        return check_definition(source, signatures, self.forms()).problems


def expanded(text: bytes) -> bytes:
    """Put in what is too long or too wrong to lie in a file."""
    text = re.sub(rb"@@byte (..)@@", lambda found: bytes.fromhex(found[1].decode()), text)
    return re.sub(rb"@@(.+?)[*]([0-9]+)@@", lambda found: found[1] * int(found[2]), text)
