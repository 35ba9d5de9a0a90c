"""What the policies in force make of a caller: the permissions of their roles, and the `Access` of their requests."""

from __future__ import annotations

from collections.abc import Mapping

from madang.trust.access import Access
from madang.trust.identity import Action, Identity, Kind, Permission
from madang.trust.roles import BUILT_IN, VISITOR, Role, permissions_of
from madang.trust.view import Rule, View

GROUP_MIN = 5


class Policies:
    """The roles and policies of a city.

    protected: types (IRIs) of which nothing is seen without a policy that says so. public: whether visitors read what is
    not protected; or the types (IRIs) of which they do.
    """

    def __init__(
        self,
        protected: frozenset[str] = frozenset(),
        public: bool | frozenset[str] = False,
        roles: Mapping[str, Role] = BUILT_IN,
    ) -> None:
        self._protected = protected
        self._public = public
        self.roles = roles
        self.version = 0

    def permissions(self, identity: Identity) -> frozenset[Permission]:
        """What the identity may do with the platform; the gate refuses all else."""
        allowed = permissions_of(identity, self.roles)
        if self._public and (identity.scopes is None or Permission.READ in identity.scopes):
            return allowed | {Permission.READ}
        return allowed

    def permits(self, identity: Identity, permission: Permission) -> bool:
        return permission in self.permissions(identity)

    def knows_role(self, name: str) -> bool:
        return name in self.roles

    def access(self, identity: Identity, tenant: str, action: Action, purpose: str = "") -> Access:
        """What of a tenant's graph the identity sees, and may change if the action is to write.

        The tenant must be one that it may ask: the gate has checked that. action: NOTIFY for what a subscription tells,
        DISTRIBUTE for files that are taken away, AGGREGATE for sums and means, READ for all other reading. purpose: what the
        caller says that they read for, "" if they do not.
        """
        if identity.kind is Kind.OPERATOR:
            return Access(tenant=tenant, subject=identity.subject, purpose=purpose)
        ordinary = View((Rule(outside=self._protected),))
        view = View() if identity.roles == (VISITOR,) and not self._public else ordinary
        return Access(
            tenant=tenant,
            subject=identity.subject,
            view=view,
            writable=view if action is Action.WRITE else View(),
            purpose=purpose,
            recorded=self._protected,
            group_min=GROUP_MIN,
        )
