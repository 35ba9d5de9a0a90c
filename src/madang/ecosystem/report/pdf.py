"""A report as PDF, and its drawings as pictures: typst sets both, with the typeface of the pages."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec
import orjson
import typst

from madang.ecosystem.figures.palette import LIGHT
from madang.ecosystem.report.document import Document
from madang.errors import ProgramFailed

_FORM: Final = Path(str(files("madang.ecosystem.report") / "forms" / "report.typ"))
_PICTURE: Final = (
    b"#set page(width: auto, height: auto, margin: 0pt)\n"
    b'#image(bytes(sys.inputs.svg), format: "svg", width: 480pt)'
)
PICTURE_DPI: Final = 200.0


def write(document: Document, fonts: Path) -> bytes:
    """fonts: a folder with the typeface. Raises ProgramFailed."""
    inputs = {"document": msgspec.json.encode(document).decode(), "ink": orjson.dumps(dict(LIGHT)).decode()}
    return _set(_FORM.read_bytes(), inputs, fonts, "pdf")


def picture(svg: str, fonts: Path) -> bytes:
    """A drawing as PNG. Raises ProgramFailed."""
    return _set(_PICTURE, {"svg": svg}, fonts, "png")


def _set(source: bytes, inputs: dict[str, str], fonts: Path, form: Literal["pdf", "png"]) -> bytes:
    known = typst.Fonts(include_system_fonts=False, font_paths=[str(fonts)])
    try:
        return typst.compile(
            source,
            font_paths=known,
            ignore_system_fonts=True,
            sys_inputs=inputs,
            format=form,
            ppi=PICTURE_DPI if form == "png" else None,
        )
    except typst.TypstError as error:
        raise ProgramFailed(f"The report could not be set: {error}") from error
