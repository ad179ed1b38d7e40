"""Square codes in pictures: what the camera of a phone would see, from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.cli.command import fail
from engine.cli.terminal.page import clean

FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""What screens are pictured in. Others have readers that start programs."""
BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, AttributeError)
"""What readers raise for pictures that are none."""


def codes_in(file: Path) -> list[str]:
    """Read the square codes of a picture. Raises `Failed` where it cannot be looked at."""
    with file.open("rb"):
        pass  # that there is no such file is told first
    try:
        import zxingcpp
        from PIL import Image
    except ImportError:
        fail(
            "Pictures need the extra `device`: `pip install 'trustflow[device]'`, in a clone"
            " `.venv/bin/pip install '.[device]'`. Or give the link."
        )
    try:
        with Image.open(file, formats=FORMATS) as picture:
            grey = picture.convert("L")
    except (*BROKEN, Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the file itself is not to be read: why is told as it is of any other
        fail(f"{clean(str(file))} is no picture.")
    shown = memoryview(grey.tobytes()).cast("B", (grey.height, grey.width))
    return [one.text for one in zxingcpp.read_barcodes(shown)]
