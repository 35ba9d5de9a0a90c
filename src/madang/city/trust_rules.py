"""What [trust], [[role]] and [[policy]] of a city file must hold beyond their form, and the values that they become.

Pure, as `rules.py`."""

from __future__ import annotations

from collections.abc import Mapping

from madang import vocabulary
from madang.city.file import CityFile, ProviderTable, RoleTable
from madang.city.mistake import Found, Path, nearest
from madang.city.model import City
from madang.errors import BadRequestData
from madang.hub.accounts.providers import Provider
from madang.hub.trust.rulebook import Beginning
from madang.settings import LIMITS
from madang.trust.policy import Policy
from madang.trust.policy_check import Known, problems
from madang.trust.policy_compile import Ground
from madang.trust.roles import BUILT_IN, PLATFORM_OPERATOR, VISITOR, Role


def check_trust(file: CityFile) -> list[Found]:
    """All mistakes of these parts."""
    found = [
        *_protected(file),
        *_public(file),
        *(one for number, role in enumerate(file.role) for one in _role(role, ("role", number))),
    ]
    known = Known(
        Ground(vocabulary.context(), protected_types(file.trust.protected), city=file.city.id),
        {**BUILT_IN, **{role.name: role for role in roles_of(file)}},
        frozenset(source.id for source in file.source),
    )
    for number, provider in enumerate(file.provider):
        found += _provider(provider, known.roles, ("provider", number))
    if len(file.policy) > LIMITS.policies_max:
        found.append(Found(("policy",), f"A city may have at most {LIMITS.policies_max} policies"))
    for number, policy in enumerate(file.policy[: LIMITS.policies_max]):
        found += _policy(policy, known, ("policy", number))
    return found


def roles_of(file: CityFile) -> tuple[Role, ...]:
    """The roles that the file defines; a built-in one that it names keeps its own name where none is given."""
    return tuple(
        Role(role.id, role.name or _labels(role.id), frozenset(role.permissions), role.ordinary)
        for role in file.role
    )


def providers_of(file: CityFile) -> tuple[Provider, ...]:
    return tuple(
        Provider(one.id, one.name, one.issuer, one.client, one.secret, one.roles) for one in file.provider
    )


def beginning(city: City) -> Beginning:
    """What the city's policies begin with."""
    return Beginning(
        city=city.id,
        time_zone=city.time_zone,
        public=city.trust.public,
        protected=city.trust.protected,
        group_min=city.trust.group_min,
        roles=city.roles,
        policies=city.policies,
        sources=frozenset(source.id for source in city.sources),
    )


def _labels(role: str) -> Mapping[str, str]:
    return BUILT_IN[role].labels if role in BUILT_IN else {}


def protected_types(further: tuple[str, ...]) -> frozenset[str]:
    """IRIs of the vocabulary's protected types and of further ones, as far as these can be read."""
    return vocabulary.protected().union(iri for name in further if (iri := _iri(name)) is not None)


def _iri(name: str) -> str | None:
    try:
        return vocabulary.context().expand(name)
    except BadRequestData:
        return None


def _protected(file: CityFile) -> list[Found]:
    return [
        Found(("trust", "protected", number), f'"{name}" is no name of a type')
        for number, name in enumerate(file.trust.protected)
        if _iri(name) is None
    ]


def _public(file: CityFile) -> list[Found]:
    if isinstance(file.trust.public, bool):
        return []
    found = []
    protected = protected_types(file.trust.protected)
    for number, name in enumerate(file.trust.public):
        path = ("trust", "public", number)
        if _iri(name) is None:
            found.append(Found(path, f'"{name}" is no name of a type'))
        elif _iri(name) in protected:
            found.append(Found(path, f'"{name}" is protected: visitors never see it'))
    return found


def _provider(provider: ProviderTable, roles: Mapping[str, Role], path: Path) -> list[Found]:
    given = [name for name in roles if name not in (VISITOR, PLATFORM_OPERATOR)]
    return [
        Found(
            (*path, "roles", number), f'"{name}" is no role that a newcomer can have; {nearest(name, given)}'
        )
        for number, name in enumerate(provider.roles)
        if name not in given
    ]


def _role(role: RoleTable, path: Path) -> list[Found]:
    if role.id == VISITOR:
        reason = 'What visitors may do is said by "public" in [trust]; "visitor" is no role to define'
        return [Found((*path, "id"), reason)]
    return []


def _policy(policy: Policy, known: Known, path: Path) -> list[Found]:
    found = [
        Found((*path, *problem.path), problem.message, warning=problem.warning)
        for problem in problems(policy, known)
    ]
    terms = {entry.term for entry in vocabulary.types().values()}
    for number, name in enumerate(policy.what.types):
        if ":" not in name and name not in terms:
            reason = f'The vocabulary has no type "{name}"; {nearest(name, sorted(terms))}'
            found.append(Found((*path, "what", "types", number), reason, warning=True))
    return found
