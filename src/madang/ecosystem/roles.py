"""Which role an organisation plays: keystone, dominator or niche (Iansiti and Levien 2004), as operational definitions.

The terms are theirs; what is measured here for each, and from where on, is ours (docs/ecosystem.md).

hub         a partner of at least `hub_share` of all organisations that have partners, and of `hub_partners` at least, by
            `hub_activities` times as many activities with others as these have in the mean: a single large consortium
            gives many partners, but makes nobody a hub
keystone    a hub, of whose partners at most half depend on it: many work with it and with others besides
dominator   a hub, of whose partners more than half depend on it
niche       no hub, and at least `own_community` of its ties weigh within its own community: specialised

An organisation depends on another if more than half of the weight of its ties leads there.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
import numpy as np

from madang.ecosystem.projection import Pairs
from madang.ecosystem.ties import Floats, Integers


class Role(StrEnum):
    KEYSTONE = "keystone"
    DOMINATOR = "dominator"
    NICHE = "niche"
    NONE = ""


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where on an organisation plays a role; parts of one, a number of partners, multiples of the mean."""

    hub_share: float = 0.05
    hub_partners: int = 10
    hub_activities: float = 4.0
    dependent: float = 0.5
    own_community: float = 0.75


def roles(pairs: Pairs, community: Integers, bounds: Bounds = Bounds()) -> list[Role]:  # noqa: B008 frozen
    """Of each organisation; NONE for those without partners and for those whom nothing sets apart."""
    partners, activities = pairs.partners, pairs.strengths
    tied = partners > 0
    hubs = (partners >= bounds.hub_partners) & (partners >= bounds.hub_share * tied.sum())
    hubs &= activities >= bounds.hub_activities * (activities[tied].mean() if tied.any() else 0.0)
    captive = _dependents(pairs) > bounds.dependent * partners
    niche = ~hubs & (partners > 0) & (_inside(pairs, community) >= bounds.own_community)
    found = []
    for hub, holds, specialised in zip(hubs.tolist(), captive.tolist(), niche.tolist(), strict=True):
        if hub:
            found.append(Role.DOMINATOR if holds else Role.KEYSTONE)
        else:
            found.append(Role.NICHE if specialised else Role.NONE)
    return found


def _dependents(pairs: Pairs) -> Integers:
    """How many partners of each depend on it."""
    half = pairs.strengths / 2
    of_left = np.bincount(pairs.left[pairs.weights > half[pairs.right]], minlength=pairs.n)
    of_right = np.bincount(pairs.right[pairs.weights > half[pairs.left]], minlength=pairs.n)
    return of_left + of_right


def _inside(pairs: Pairs, community: Integers) -> Floats:
    """What part of the weight of each one's ties leads to its own community; 0.0 without ties."""
    same = community[pairs.left] == community[pairs.right]
    within = Pairs(pairs.n, pairs.left[same], pairs.right[same], pairs.together[same], pairs.weights[same])
    return within.strengths / np.maximum(pairs.strengths, np.finfo(float).tiny)
