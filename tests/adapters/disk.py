"""A disk that forgets what was not synced, and one that fails, under the SQLite that ships."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

_numbers = itertools.count(1)


class Medium:
    """What one file holds for certain, and what was written since its last sync."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self.pending: list[tuple[int, bytes | None]] = []

    def sync(self) -> None:
        self.synced = self.after(len(self.pending))
        self.pending.clear()

    def after(self, kept: int, *, torn: bool = False) -> bytearray:
        """The bytes with the first `kept` pending changes; of a torn one only the first half."""
        image = bytearray(self.synced)
        for number, (offset, data) in enumerate(self.pending[:kept], 1):
            if data is None:
                del image[offset:]
                continue
            part = data[: len(data) // 2] if torn and number == kept else data
            image.extend(bytes(max(offset + len(part) - len(image), 0)))
            image[offset : offset + len(part)] = part
        return image


class Disk(apsw.VFS):
    """Pass everything on to the real disk and remember what a power cut would leave of it.

    Attributes:
        fails: Raised by the next syncs of a log while it is set.
    """

    def __init__(self) -> None:
        self.name = f"disk{next(_numbers)}"
        self.media: dict[str, Medium] = {}
        self.fails: apsw.Error | None = None
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        self.media.pop(Path(filename).name, None)
        super().xDelete(filename, syncdir)

    def cut(self, folder: Path, kept: float, *, torn: bool) -> None:
        """Write the files as a power cut leaves them, with that part of what was not synced."""
        folder.mkdir()
        for name, medium in self.media.items():
            count = round(len(medium.pending) * kept)
            (folder / name).write_bytes(medium.after(count, torn=torn))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        full = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._disk, self._name = disk, Path(full).name
        self._medium = disk.media.setdefault(self._name, Medium())

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._medium.pending.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        self._medium.pending.append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        if self._disk.fails is not None and self._name.endswith("-wal"):
            raise self._disk.fails
        self._medium.sync()
        super().xSync(flags)


@contextmanager
def a_disk() -> Iterator[Disk]:
    disk = Disk()
    try:
        yield disk
    finally:
        disk.unregister()
