"""A report in one of its forms, from an outcome. Its libraries are large: only a process that makes reports loads them."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from madang import typeface
from madang.ecosystem.report import html, odt, pdf
from madang.ecosystem.report.order import Form, Order
from madang.ecosystem.report.sections import report
from madang.i18n import Reader


def make(order: Order) -> bytes:
    """Takes seconds. Raises ProgramFailed."""
    document = report(order.outcome, Reader(order.language, ZoneInfo(order.zone), order.now))
    match order.form:
        case Form.HTML:
            return html.write(document)
        case Form.PDF:
            return pdf.write(document, typeface.folder())
        case Form.ODT:
            return odt.write(document, partial(pdf.picture, fonts=typeface.folder()))
