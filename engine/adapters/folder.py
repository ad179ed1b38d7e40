"""Shelves: definitions and forms from folders, or those that travel with the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from engine.ports.outside import ShelfText

DEFINITION_ENDINGS: Final = (".yaml", ".yml")
JOURNEY_MARK: Final = ".journey"
"""`<name>.journey.yaml` beside a definition holds its journey tests."""
FORM_ENDING: Final = ".json"


class FolderShelf:
    """Two folders of a designer; a missing one is an empty one. Read anew at each call."""

    def __init__(self, definitions: Path, forms: Path) -> None:
        self._definitions: Traversable = definitions
        self._forms: Traversable = forms
        self._names = (str(definitions), str(forms))

    def definitions(self) -> tuple[ShelfText, ...]:
        """All definitions, by name; their journey tests are left out."""
        found = _texts(self._definitions, self._names[0], DEFINITION_ENDINGS)
        return tuple(text for text in found if JOURNEY_MARK not in text.name)

    def forms(self) -> Mapping[str, ShelfText]:
        """`<name>.v<version>` -> form."""
        found = _texts(self._forms, self._names[1], (FORM_ENDING,))
        return {text.name.removesuffix(FORM_ENDING): text for text in found}


class PackageShelf(FolderShelf):
    """What travels with the program: in the wheel below `engine/shipped`, in a clone beside it."""

    def __init__(self, package: Traversable | None = None) -> None:
        """Look beside the program's own package; a test gives another `package`."""
        engine = resources.files("engine") if package is None else package
        shipped = engine / "shipped"
        root = shipped if shipped.is_dir() else _beside(engine)
        self._definitions, self._forms = root / "definitions", root / "forms"
        self._names = ("definitions", "forms")


def _beside(package: Traversable) -> Traversable:
    return package.parent if isinstance(package, Path) else package


def _texts(folder: Traversable, name: str, endings: tuple[str, ...]) -> Iterator[ShelfText]:
    files = folder.iterdir() if folder.is_dir() else iter(())
    chosen = [file for file in files if _is_text(file, endings)]
    for file in sorted(chosen, key=lambda file: file.name):
        yield ShelfText(name=file.name, path=f"{name}/{file.name}", text=file.read_bytes())


def _is_text(file: Traversable, endings: tuple[str, ...]) -> bool:
    """Leave out what editors hide beside a file."""
    return file.name.endswith(endings) and not file.name.startswith(".") and file.is_file()
