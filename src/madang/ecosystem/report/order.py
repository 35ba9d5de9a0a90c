"""What report is wanted, and in which forms there is one."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from madang.ecosystem.outcome import Outcome


class Form(StrEnum):
    HTML = "html"
    PDF = "pdf"
    ODT = "odt"


MEDIA_TYPES: Final = {
    Form.HTML: "text/html; charset=utf-8",
    Form.PDF: "application/pdf",
    Form.ODT: "application/vnd.oasis.opendocument.text",
}


class Order(msgspec.Struct, frozen=True):
    """What is to be made. zone: name of the city's time zone. now: when it is made, microseconds UTC."""

    outcome: Outcome
    form: Form
    language: str
    zone: str
    now: int
