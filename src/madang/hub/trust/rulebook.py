"""The rules that a city begins with: its roles, its built-in policies and those of its city file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from madang import vocabulary
from madang.errors import BadRequestData
from madang.ngsild.context import Context
from madang.trust.policy import Policy
from madang.trust.policy_check import Known
from madang.trust.policy_compile import Ground
from madang.trust.policy_defaults import default_policies
from madang.trust.roles import BUILT_IN, Role


class Beginning(msgspec.Struct, frozen=True):
    """What a city says of itself. city: its id. public, protected: types are terms or IRIs; public is True for all that is
    not protected. sources: ids, None if policies may name any."""

    city: str = ""
    time_zone: str = "UTC"
    public: bool | tuple[str, ...] = False
    protected: tuple[str, ...] = ()
    group_min: int = 5
    roles: tuple[Role, ...] = ()
    policies: tuple[Policy, ...] = ()
    sources: frozenset[str] | None = None


class Rulebook(msgspec.Struct, frozen=True):
    """known: what policies may name. built_in, of_city: policies; one of the city replaces a built-in one of its id.
    public: whether visitors may read at all."""

    known: Known
    built_in: tuple[Policy, ...]
    of_city: tuple[Policy, ...] = ()
    public: bool = False
    group_min: int = 5

    @property
    def ground(self) -> Ground:
        return self.known.ground

    @property
    def roles(self) -> Mapping[str, Role]:
        return self.known.roles


def rulebook(beginning: Beginning) -> Rulebook:
    context = vocabulary.context()
    protected = vocabulary.protected() | _iris(beginning.protected, context)
    ground = Ground(
        context,
        protected,
        {iri: vocabulary.unmasked(iri) for iri in protected},
        beginning.city,
        beginning.time_zone,
    )
    roles = {**BUILT_IN, **{role.name: role for role in beginning.roles}}
    types = sorted(context.compact(iri) for iri in protected)
    return Rulebook(
        known=Known(ground, roles, beginning.sources),
        built_in=default_policies(roles.values(), types, beginning.public),
        of_city=beginning.policies,
        public=bool(beginning.public),
        group_min=beginning.group_min,
    )


def _iris(names: Iterable[str], context: Context) -> frozenset[str]:
    """Of those that are names at all; the city file has been checked."""
    found = set()
    for name in names:
        try:
            found.add(context.expand(name))
        except BadRequestData:
            continue
    return frozenset(found)
