"""Which members of entities a client wants: the projection language of pick and omit (CIM 009 §4.21).

`name`, `name,speed`, `name|speed`, and for linked entities `locatedAt{id,name}`: of the entities to which the
relationship leads. What a projection names is said of its own level only. A name without braces wants the
member itself; with them a pick wants it too, and an omit keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.representation import Form
from madang.settings import LIMITS

HEAD_MEMBERS: Final = frozenset(("id", "type", "scope"))
_TOKEN: Final = re.compile(r"\s*([{},|]|[^{},|\s]+)")


class Projection(msgspec.Struct, frozen=True):
    """members: "id", "type", "scope" and IRIs of attributes. linked: by IRI of a relationship, of the entities to
    which it leads. depth: how many relationships it follows.
    """

    members: frozenset[str] = frozenset()
    linked: dict[str, Projection] = {}
    depth: int = 0

    @property
    def named(self) -> frozenset[str]:
        """What a pick of it keeps: its members, and the relationships on the way to others."""
        return self.members | self.linked.keys()


_NOTHING: Final = Projection()


def parse_projection(text: str, what: str, expand: Callable[[str], str]) -> Projection:
    """What `text` says. what: the parameter, for errors. expand: makes an IRI of a name. Raises BadRequestData."""
    if len(text.encode()) > LIMITS.q_bytes_max:
        raise BadRequestData(f"{what} is longer than {LIMITS.q_bytes_max} bytes")
    tokens = _TOKEN.findall(text)
    projection, end = _terms(tokens, 0, what, expand, 0)
    if end < len(tokens):
        raise BadRequestData(f"{what} '{text:.60}' has a '{tokens[end]}' that does not belong there")
    return projection


def _terms(
    tokens: list[str], at: int, what: str, expand: Callable[[str], str], level: int
) -> tuple[Projection, int]:
    """The names from `at` on, and where they end."""
    members: set[str] = set()
    linked: dict[str, Projection] = {}
    while True:
        name = tokens[at] if at < len(tokens) else ""
        if not name or name in "{},|":
            shown = f"a '{name}'" if name else "nothing"
            raise BadRequestData(
                f"{what} has {shown} where a name is expected, as in id,name or locatedAt{{name}}"
            )
        member = name if name in HEAD_MEMBERS else expand(name)
        at += 1
        if at < len(tokens) and tokens[at] == "{":
            if member in HEAD_MEMBERS or level >= LIMITS.join_levels_max:
                raise BadRequestData(
                    f"{what} follows '{name}', but only relationships can be followed, {LIMITS.join_levels_max} deep"
                )
            linked[member], at = _terms(tokens, at + 1, what, expand, level + 1)
            if at >= len(tokens) or tokens[at] != "}":
                raise BadRequestData(f"{what} has a '{{' without its '}}'")
            at += 1
        else:
            members.add(member)
        if at >= len(tokens) or tokens[at] not in ",|":
            depth = max((1 + inner.depth for inner in linked.values()), default=0)
            return Projection(frozenset(members), linked, depth), at
        at += 1


def projected(form: Form, pick: Projection | None, omit: Projection | None) -> Form:
    """The form with what is picked and what is left out, of the entities and of those they link to.

    Raises BadRequestData where both name the same member.
    """
    left_out = omit or _NOTHING
    both = pick.members & left_out.members if pick is not None else ()
    if both:
        names = ", ".join(sorted(map(form.context.compact, both)))
        raise BadRequestData(f"pick and omit both name {names}")
    ways = {*(pick.linked if pick is not None else ()), *left_out.linked}
    plain = msgspec.structs.replace(form, pick=None, omit=frozenset(), linked={})
    linked = {
        name: projected(plain, pick.linked.get(name) if pick is not None else None, left_out.linked.get(name))
        for name in ways
    }
    named = pick.named if pick is not None else None
    return msgspec.structs.replace(form, pick=named, omit=left_out.members, linked=linked)
