"""A report as one HTML file that needs nothing else: no script, no request, fit for printing."""

from __future__ import annotations

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from madang.ecosystem.figures.palette import FONT, LIGHT
from madang.ecosystem.report.document import Document, Figure

_TEMPLATES: Final = Environment(
    loader=PackageLoader("madang.ecosystem.report", "forms"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write(document: Document) -> bytes:
    """UTF-8."""
    # Drawings of ours, whose texts are escaped where they are drawn
    drawn = {place: Markup(one.svg) for place, one in enumerate(document.blocks) if isinstance(one, Figure)}  # noqa: S704
    template = _TEMPLATES.get_template("report.html")
    return template.render(document=document, drawn=drawn, ink=LIGHT, font=Markup(FONT)).encode()  # noqa: S704 ours
