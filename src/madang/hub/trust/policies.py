"""What the policies in force make of a caller: the permissions of their roles, and the `Access` of their requests.

Policies come from three places, each replacing those of the same id before it: the built-in ones, the city file, and
those that were written while the city ran. A change of them counts from the next request.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from madang.clock import Clock, SystemClock
from madang.errors import BadRequestData, Conflict, NotFound, TooManyResults
from madang.hub.trust.audit import record_in
from madang.hub.trust.policy_uses import Uses
from madang.hub.trust.rulebook import Beginning, Rulebook, rulebook
from madang.settings import LIMITS
from madang.store.audit import Chain, Deed, Event
from madang.store.policies import PolicyStore, Written
from madang.trust.access import Access
from madang.trust.identity import Action, Identity, Kind, Permission
from madang.trust.policy import Effect, Policy
from madang.trust.policy_check import Problem, problems
from madang.trust.policy_compile import Sum, fits, has_purpose, in_force, is_timed, sum_of
from madang.trust.roles import Role, allowed_to
from madang.trust.view import Rule, View

_NOTHING: Final = View()
_SUMS_MAX: Final = 4096
# What everybody may do in a city with public data
_PUBLIC: Final = frozenset((Permission.READ, Permission.EXPORT))
_CHANGING: Final = (Action.WRITE, Action.ADMINISTER)


class Consents(Protocol):
    """What persons have consented to."""

    def grants(self, identity: Identity, tenant: str, purpose: str) -> tuple[Rule, ...]:
        """What the caller sees for this purpose because persons have consented, at this moment. Asked at every request
        that says a purpose."""
        ...


class Origin(StrEnum):
    BUILT_IN = "built-in"
    CITY = "city"
    WRITTEN = "written"


class Listed(msgspec.Struct, frozen=True):
    """A policy. replaces: where the one comes from in whose place it is. changed, changed_by: of written ones. idle: why it
    is not in force, "" if it is: the city has changed since it was written, so that it cannot be enforced any more.
    """

    policy: Policy
    origin: Origin
    replaces: Origin | None = None
    changed: int = 0
    changed_by: str = ""
    idle: str = ""


class _Made(msgspec.Struct, frozen=True):
    """seen, writable: what the caller's policies come to; writable is None where nothing is to be changed. recorded: types
    (IRIs) of which every reading is recorded; shown: those of them of which there may be anything to read."""

    seen: Sum
    writable: Sum | None
    recorded: frozenset[str]
    shown: frozenset[str]


class Policies:
    """`load` it once before it is asked, `close` it. store: None keeps nothing that is written. chain: where changes are
    recorded. consents: set where there are any. version: another number after every change."""

    def __init__(
        self,
        book: Rulebook | None = None,
        clock: Clock | None = None,
        store: PolicyStore | None = None,
        chain: Chain | None = None,
    ) -> None:
        self.book = book or rulebook(Beginning())
        self.consents: Consents | None = None
        self.version = 0
        self._clock = clock or SystemClock()
        self._store = store
        self._chain = chain
        self._uses = Uses(store)
        self._permissions: dict[tuple[str, ...], frozenset[Permission]] = {}
        self._written: dict[str, Written] = {}
        self._take_in_force()

    async def load(self) -> None:
        """What was written before."""
        if self._store is not None:
            self._written = {one.policy.id: one for one in await self._store.all()}
        await self._uses.load(self._clock.now())
        self._take_in_force()

    async def close(self) -> None:
        await self._uses.close()

    # --- what they say of a caller ---

    @property
    def lasting(self) -> int | None:
        """The version; None while what they say also changes with time or with use."""
        return None if self._changeable else self.version

    @property
    def roles(self) -> dict[str, Role]:
        return dict(self.book.roles)

    def knows_role(self, name: str) -> bool:
        return name in self.book.roles

    def permissions(self, identity: Identity) -> frozenset[Permission]:
        """What the identity may do with the platform; the gate refuses all else."""
        if identity.kind is Kind.OPERATOR:
            return frozenset(Permission)
        allowed = self._permitted(identity.roles)
        return allowed if identity.scopes is None else allowed & identity.scopes

    def permits(self, identity: Identity, permission: Permission) -> bool:
        if identity.scopes is not None and permission not in identity.scopes:
            return False
        return identity.kind is Kind.OPERATOR or permission in self._permitted(identity.roles)

    def _permitted(self, roles: tuple[str, ...]) -> frozenset[Permission]:
        found = self._permissions.get(roles)
        if found is None:
            if len(self._permissions) >= _SUMS_MAX:
                self._permissions.clear()
            everybody = _PUBLIC if self.book.public else frozenset[Permission]()
            found = self._permissions[roles] = everybody | allowed_to(roles, self.book.roles)
        return found

    def access(self, identity: Identity, tenant: str, action: Action, purpose: str = "") -> Access:
        """What of a tenant's graph the identity sees, and may change if the action is to write or administer.

        The tenant must be one that it may ask: the gate has checked that. action: NOTIFY for what a subscription tells,
        DISTRIBUTE for files that are taken away, AGGREGATE for sums and means, READ for all other reading. purpose: what
        the caller says that they read for, "" if they do not. Every call is a use of the policies that are counted.
        """
        # What is no purpose of any policy gives nothing, and is told to nobody at length
        purpose = purpose[: LIMITS.policy_text_characters_max]
        if identity.kind is Kind.OPERATOR:
            return Access(tenant=tenant, subject=identity.subject, purpose=purpose)
        made = self._made(identity, tenant, action, purpose)
        view, rules, recorded = made.seen.view, made.seen.policies, made.shown
        if purpose and self.consents is not None and action is not Action.DISTRIBUTE:
            consented = self.consents.grants(identity, tenant, purpose)
            if consented:
                view = View((*view.grants, *consented), view.denials)
                rules, recorded = (*rules, "consent"), made.recorded
        return Access(
            tenant=tenant,
            subject=identity.subject,
            view=view,
            writable=made.writable.view if made.writable is not None else _NOTHING,
            purpose=purpose,
            recorded=recorded,
            group_min=self.book.group_min,
            rules=rules,
            duties=made.seen.duties,
        )

    def _made(self, identity: Identity, tenant: str, action: Action, purpose: str) -> _Made:
        """Remembered for all callers and moments for which the same policies are in force."""
        names = identity.subject in self._subjects or identity.owner in self._subjects
        key = (
            identity.roles,
            identity.organisations,
            (identity.subject, identity.owner) if names else None,
            tenant if self._names_tenants else "",
            action,
            purpose if purpose in self._purposes else bool(purpose),
            self._absent(identity, tenant, action, purpose),
        )
        made = self._remembered.get(key)
        if made is None:
            if len(self._remembered) >= _SUMS_MAX:
                self._remembered.clear()
            made = self._remembered[key] = self._sums(identity, tenant, action, purpose, key[-1])
        return made

    def _absent(self, identity: Identity, tenant: str, action: Action, purpose: str) -> tuple[str, ...]:
        """The policies (ids) that do not hold at this moment, or whose count is used up."""
        if not self._changeable:
            return ()
        now = self._clock.now()
        absent = []
        for policy in self._changeable:
            limits = policy.constraints
            if not in_force(limits, now, self.book.ground.time_zone):
                absent.append(policy.id)
            elif limits.count and _applies(policy, identity, tenant, purpose):
                used = policy.concerns(action) or (action in _CHANGING and policy.concerns(Action.READ))
                if used and not self._uses.spend(policy.id, identity.subject, limits.count, now):
                    absent.append(policy.id)
        return tuple(absent)

    def _sums(
        self, identity: Identity, tenant: str, action: Action, purpose: str, absent: tuple[str, ...]
    ) -> _Made:
        holding = [
            policy
            for policy in self._in_force.values()
            if policy.id not in absent and _applies(policy, identity, tenant, purpose)
        ]

        def added(wanted: Action) -> Sum:
            concerned = [policy for policy in holding if policy.concerns(wanted)]
            return sum_of(concerned, identity.organisations, self.book.ground)

        seen = added(Action.READ if action in _CHANGING else action)
        told = {
            self.book.ground.context.expand(name)
            for policy in holding
            if policy.id in seen.policies and policy.duties.notify
            for name in policy.what.types
        }
        changed = added(action) if action in _CHANGING else None
        views = [one.view for one in (seen, changed) if one is not None]
        protected = self.book.ground.protected | told
        shown = frozenset([one for one in protected if any(view.may_show(one) for view in views)])
        return _Made(seen, changed, protected, shown)

    # --- the policies themselves ---

    def in_force(self) -> tuple[Policy, ...]:
        """All of them, whether or not this is their time."""
        return tuple(self._in_force.values())

    def used_up(self, subject: str) -> frozenset[str]:
        """Ids of the counted policies that this caller has used up for today."""
        now = self._clock.now()
        return frozenset(
            policy.id
            for policy in self._changeable
            if policy.constraints.count
            and self._uses.left(policy.id, subject, policy.constraints.count, now) == 0
        )

    @property
    def now(self) -> int:
        """The moment by which they are judged, microseconds UTC."""
        return self._clock.now()

    def listed(self) -> list[Listed]:
        """Those in force, the city's own first."""
        order = {Origin.WRITTEN: 0, Origin.CITY: 1, Origin.BUILT_IN: 2}
        return sorted(self._listed.values(), key=lambda one: (order[one.origin], one.policy.id))

    def get(self, policy_id: str) -> Listed:
        """Raises NotFound."""
        found = self._listed.get(policy_id)
        if found is None:
            raise NotFound(f"There is no policy {policy_id}")
        return found

    def check(self, policy: Policy) -> list[Problem]:
        """The warnings. Raises BadRequestData, which says everything for which it is refused."""
        found = problems(policy, self.book.known)
        wrong = [one for one in found if not one.warning]
        if wrong:
            listed = "; ".join(
                f"{_shown(one.path)}: {one.message}" if one.path else one.message for one in wrong
            )
            raise BadRequestData(f"The policy {policy.id} cannot be enforced: {listed}")
        return found

    async def write(self, policy: Policy, by: str) -> list[Problem]:
        """Put it in force, in the place of the one with the same id; the warnings. by: subject of who writes it.

        Raises as `check`, and TooManyResults."""
        found = self.check(policy)
        if policy.id not in self._written and len(self._written) >= LIMITS.policies_max:
            raise TooManyResults(f"There are {LIMITS.policies_max} policies already; remove one first")
        await self._record(by, policy.id, f"{policy.effect.value}, written")
        written = Written(policy, self._clock.now(), by)
        if self._store is not None:
            await self._store.put(written)
        self._written[policy.id] = written
        self._take_in_force()
        return found

    async def remove(self, policy_id: str, by: str) -> None:
        """The one of the city file, or the built-in one, in whose place it was is in force again.

        Raises NotFound, and Conflict for those that are not written while the city runs."""
        listed = self.get(policy_id)
        if listed.origin is not Origin.WRITTEN:
            place = "the city file" if listed.origin is Origin.CITY else "Madang itself"
            reason = f"The policy {policy_id} is of {place}; write another one with this id in its place"
            raise Conflict(reason)
        await self._record(by, policy_id, "removed")
        if self._store is not None:
            await self._store.remove(policy_id)
        self._written.pop(policy_id, None)
        self._take_in_force()

    def _idle(self, policy: Policy) -> str:
        """Why a written policy, which was in order once, cannot be in force. A prohibition always can: to leave it out
        would show what it hides."""
        if policy.effect is Effect.PROHIBIT:
            return ""
        wrong = [one.message for one in problems(policy, self.book.known) if not one.warning]
        return "; ".join(wrong)

    async def _record(self, by: str, policy_id: str, what: str) -> None:
        if self._chain is not None:
            event = Event(by, Deed.POLICY, f"policy:{policy_id}", reason=what)
            await record_in(self._chain, self._clock, event)

    def _take_in_force(self) -> None:
        listed: dict[str, Listed] = {}
        for origin, policies in (
            (Origin.BUILT_IN, self.book.built_in),
            (Origin.CITY, self.book.of_city),
        ):
            for policy in policies:
                former = listed.get(policy.id)
                listed[policy.id] = Listed(policy, origin, former.origin if former else None)
        for one in self._written.values():
            former = listed.get(one.policy.id)
            listed[one.policy.id] = Listed(
                one.policy,
                Origin.WRITTEN,
                former.origin if former else None,
                one.changed,
                one.changed_by,
                self._idle(one.policy),
            )
        self._listed = listed
        self._in_force = {name: one.policy for name, one in listed.items() if not one.idle}
        policies = tuple(self._in_force.values())
        self._changeable = [one for one in policies if is_timed(one.constraints) or one.constraints.count]
        self._subjects = frozenset(name for one in policies for name in one.who.subjects)
        self._purposes = frozenset(name for one in policies for name in one.constraints.purposes)
        self._names_tenants = any(one.tenants for one in policies)
        self._remembered: dict[tuple[object, ...], _Made] = {}
        self.version += 1


def _applies(policy: Policy, identity: Identity, tenant: str, purpose: str) -> bool:
    return (
        fits(policy.who, identity)
        and (not policy.tenants or tenant in policy.tenants)
        and has_purpose(policy, purpose)
    )


def _shown(path: tuple[str | int, ...]) -> str:
    """ "what.types[0]" """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
