"""How a network of partners is made up, in numbers."""

from __future__ import annotations

import msgspec


class Counts(msgspec.Struct, frozen=True):
    """How a network of partners is made up, in numbers of organisations and pairs.

    multi_edges: pairs, counted once in each activity. stacked_edges: different pairs. repeat_edges: pairs with two or
    more activities together. without_partner: organisations that did nothing with another. without_repeat: those with
    partners, but none of them twice. repeat_giant: organisations in the largest component of the repeat pairs.
    """

    activities: int
    organisations: int
    without_partner: int
    multi_edges: int
    stacked_edges: int
    repeat_edges: int
    without_repeat: int
    repeat_giant: int
