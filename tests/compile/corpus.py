"""The corpus: for every rule a text that breaks it alone, where, and a twin that breaks none.

`@@x*3@@` in a text stands for `xxx`, `@@byte e9@@` for one byte that is not UTF-8.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.compile import RULES, Source, check_definition, check_form, parts_among
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
        return text_of(self.path, strange=strange)

    def forms(self) -> dict[str, Source]:
        """Read the forms beside it."""
        files = [file for file in self._beside("forms") if file.suffix == ".json"]
        return {file.stem: Source(path=file.name, text=file.read_bytes()) for file in files}

    def parts(self, *, strange: bool = False) -> Mapping[str, Source]:
        """Read the parts beside it."""
        files = [file for file in self._beside("parts") if file.suffix == ".yaml"]
        return parts_among(text_of(file, strange=strange) for file in files)

    def _beside(self, shared: str) -> Iterator[Path]:
        for folder in (FOLDER / shared, FOLDER / self.code / self.which):
            yield from sorted(folder.iterdir()) if folder.is_dir() else ()

    def problems(
        self, signatures: Sequence[Signature], *, strange: bool = False
    ) -> tuple[Problem, ...]:
        """Check it."""
        source = self.source(strange=strange)
        if source.path.endswith(".json"):
            return check_form(source).problems
        parts = self.parts(strange=strange)
        return check_definition(source, signatures, self.forms(), parts).problems


def text_of(path: Path, *, strange: bool = False) -> Source:
    """Read one text of the corpus."""
    text = expanded(path.read_bytes())
    if strange:
        text = renamed(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return Source(path=path.name, text=text)


def expanded(text: bytes) -> bytes:
    """Put in what is too long or too wrong to lie in a file."""
    text = re.sub(rb"@@byte (..)@@", lambda found: bytes.fromhex(found[1].decode()), text)
    return re.sub(rb"@@(.+?)[*]([0-9]+)@@", lambda found: found[1] * int(found[2]), text)
