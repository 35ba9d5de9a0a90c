"""What persons ask for concerning their data, and the answers of the privacy officer. The law gives ten days."""

from __future__ import annotations

from typing import Final

from madang.errors import BadRequestData, Conflict, NotFound
from madang.hub.hub import Hub
from madang.hub.trust.consent import Consents
from madang.limits import LIMITS
from madang.ngsild.temporal import DAY
from madang.store.persons import Request, Wish
from madang.trust.access import Access
from madang.trust.identity import Identity

DAYS: Final = 10


async def ask(hub: Hub, access: Access, identity: Identity, wish: Wish, text: str) -> Request:
    """Ask for something concerning one's own data. Raises BadRequestData for a text that is too long, Busy."""
    _check(text)
    now = hub.clock.now()
    person = Consents(hub).own(identity, access.tenant)
    request = Request(wish, identity.subject, person, text, now, now + DAYS * DAY)
    return await hub.store(access).persons.ask(request)


async def answer(hub: Hub, access: Access, number: int, text: str) -> Request:
    """Close a request. Raises NotFound, Conflict for one that is closed, BadRequestData."""
    _check(text)
    if not text.strip():
        raise BadRequestData("An answer needs words: the person will read them", detail="words")
    persons = hub.store(access).persons
    request = persons.request(number)
    if request is None:
        raise NotFound(f"There is no request {number}")
    if request.done:
        raise Conflict(f"Request {number} has been answered already")
    return await persons.answer(number, hub.clock.now(), text.strip())


def _check(text: str) -> None:
    if len(text) > LIMITS.person_request_characters_max:
        raise BadRequestData(
            f"The text is longer than {LIMITS.person_request_characters_max} characters", detail="long"
        )
