"""From a query and a caller's access to a plan: which index is walked in which order, what SQL filters on the
way, and what is left for the compiled matcher. Pure; `scan.py` runs plans.

    plan.py              this: puts the parts together
    plan_conditions.py   what an entity must meet, and its SQL
    plan_drivers.py      which index drives
    plan_values.py       driving from value indexes
    plan_steps.py        walks, and their SQL

`matcher.py` is the meaning: a plan selects what the matcher selects. The order of the answer is that of the
driving index, then of the row number.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from madang.errors import BadRequestData
from madang.ngsild.expression import linked_depth
from madang.ngsild.query import Query
from madang.store.sqlite.follow import follower
from madang.store.sqlite.outlook import Outlook
from madang.store.sqlite.plan_conditions import (
    Condition,
    Residue,
    collect,
    divide,
    gone_condition,
    with_implied,
    without_implied,
)
from madang.store.sqlite.plan_drivers import Catalog, Drive, drives
from madang.store.sqlite.plan_steps import Step, Walk
from madang.store.sqlite.plan_values import missing_index
from madang.store.sqlite.row_sight import RowSight
from madang.trust.access import Access

_ANYTHING = Query()

__all__ = ["Catalog", "Plan", "plan"]


class Plan(msgspec.Struct, frozen=True):
    """steps: run one after the other; none if nothing can match. residue: what SQL does not decide. driver: the
    name of the way, which cursors carry.

    wanted_index: (type IRI, attribute IRI) of a value index that would have driven the query. single_type: the
    query asks for all entities of this type and no more, so that the counter of the type is the count. sight, outlook:
    of the caller, None if all is seen.
    """

    driver: str
    steps: tuple[Step, ...] = ()
    residue: Residue = Residue()
    wanted_index: tuple[str, str] | None = None
    single_type: str | None = None
    sight: RowSight | None = None
    outlook: Outlook | None = None

    @property
    def judges(self) -> bool:
        """Whether the caller's view is to be asked about each row."""
        return self.outlook is not None and self.outlook.judges

    @property
    def exact(self) -> bool:
        """Whether SQL alone decides: no entity needs to be decoded."""
        return (
            self.residue.is_empty
            and not self.judges
            and not any(isinstance(step, Walk) and step.is_first is not None for step in self.steps)
        )

    @property
    def direct(self) -> bool:
        """Whether moreover every row of the walks is an answer, so that a page costs what it holds."""
        return self.exact and not any(step.filters for step in self.steps)


def plan(query: Query, catalog: Catalog, access: Access, driver: str = "") -> Plan:
    """The plan of the query for this caller. driver: what a cursor says; a page goes on as it began.

    Raises BadRequestData if the cursor's way does not exist, NotSupported for conditions on linked entities where
    the catalog has no connection by which to find them.
    """
    sight = catalog.sight(access)
    outlook = sight.outlook(query) if sight is not None else None
    conditions = collect(query, catalog.terms, outlook)
    if conditions is None or (outlook is not None and outlook.is_empty):
        return Plan("none", sight=sight, outlook=outlook)
    driving = conditions
    if outlook is not None and outlook.implied != _ANYTHING:
        implied = with_implied(conditions, outlook, catalog.terms)
        if implied is None:
            return Plan("none", sight=sight, outlook=outlook)
        driving = implied
    chosen = _chosen(drives(driving, catalog), driver)
    left = chosen.left if driving is conditions else without_implied(chosen.left, conditions)
    follow = None
    if any(linked_depth(expression) for expression in left.q) and catalog.connection is not None:
        follow = follower(catalog.connection, catalog.terms, sight)
    filters, residue = divide(left, catalog.terms, follow)
    if outlook is not None:
        filters += gone_condition(outlook)
    steps = tuple([_filtered(step, filters) for step in chosen.steps]) if filters else chosen.steps
    wanted = None if chosen.narrow else missing_index(conditions, catalog.terms, catalog.indexes)
    made = Plan(chosen.name, steps, residue, wanted, sight=sight, outlook=outlook)
    if chosen.name == "type" and len(steps) == 1 and made.direct and driving is conditions:
        return msgspec.structs.replace(made, single_type=conditions.types[0].single)
    return made


def _chosen(candidates: Iterator[Drive], driver: str) -> Drive:
    for drive in candidates:
        if not driver or drive.name == driver:
            return drive
    raise BadRequestData(
        "The cursor of this page no longer fits the stored data; start again from the first page"
    )


def _filtered(step: Step, filters: list[Condition]) -> Step:
    return msgspec.structs.replace(step, filters=(*step.filters, *filters))
