"""What the subjects of the audit are called: people by their name, keys and applications by theirs."""

from __future__ import annotations

from collections.abc import Iterable

from madang.store.platform import Platform
from madang.trust.identity import OPERATOR, VISITOR
from madang.web.visit import Visit


async def names_of(visit: Visit, subjects: Iterable[str]) -> dict[str, str]:
    """Names by subject; those that are nobody's any more have none."""
    platform = visit.site.parts.accounts.platform if visit.site.parts is not None else None
    found: dict[str, str] = {}
    for subject in subjects:
        name = await _name(visit, platform, subject)
        if name:
            found[subject] = name
    return found


async def _name(visit: Visit, platform: Platform | None, subject: str) -> str:
    if subject in (VISITOR.subject, OPERATOR.subject):
        return visit.t(f"audit.subject.{subject}")
    kind, _, number = subject.partition(":")
    if kind == "demonstration":
        return visit.t("audit.subject.demonstration", role=number)
    if platform is None or not (number.isascii() and number.isdigit() and len(number) < 16):
        return ""
    match kind:
        case "person":
            account = await platform.accounts.get(int(number))
            return account.name if account is not None else ""
        case "key":
            key = await platform.keys.get(int(number))
            return visit.t("audit.subject.key", name=key.name) if key is not None else ""
        case "client":
            client = await platform.clients.get(int(number))
            return visit.t("audit.subject.client", name=client.name) if client is not None else ""
    return ""
