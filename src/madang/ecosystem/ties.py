"""Who takes part in what: organisations and activities (projects, contracts, investments) as a two-mode network.

It is kept in this form, because what joins two firms is that they did something together: a consortium of fifty is not
1,225 friendships. `projection.py` makes the one-mode network where one is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# Before any day there is
NO_DAY: Final = -(2**62)
_EPOCH: Final = date(1970, 1, 1)
_DATE: Final = re.compile(r"(\d{4})(?:[-./]?(\d{2})(?:[-./]?(\d{2}))?)?(?!\d)")


class Ties(msgspec.Struct, frozen=True, eq=False):
    """organisations, activities: their identifiers. who, what: of each participation the places of the organisation and
    of the activity, every pair once, in order of the activities. days: of each activity when it began, in days
    since 1970, NO_DAY where that is not known. kinds: of each activity what it is, "" where that is not known.
    """

    organisations: tuple[str, ...]
    activities: tuple[str, ...]
    who: Integers
    what: Integers
    days: Integers
    kinds: tuple[str, ...]

    @property
    def sizes(self) -> Integers:
        """How many organisations take part in each activity."""
        return np.bincount(self.what, minlength=len(self.activities))

    @property
    def activity_counts(self) -> Integers:
        """In how many activities each organisation takes part."""
        return np.bincount(self.who, minlength=len(self.organisations))

    def incidence(self) -> sparse.csr_array:
        """Organisations x activities, 1.0 where an organisation takes part."""
        shape = (len(self.organisations), len(self.activities))
        return sparse.csr_array((np.ones(len(self.who)), (self.who, self.what)), shape)

    def of_activities(self, wanted: NDArray[np.bool_]) -> Ties:
        """Only those activities, and all organisations. wanted: one for each activity."""
        kept = np.flatnonzero(wanted)
        places = np.full(len(self.activities), -1)
        places[kept] = np.arange(len(kept))
        parts = wanted[self.what]
        return Ties(
            self.organisations,
            tuple([self.activities[place] for place in kept]),
            self.who[parts],
            places[self.what[parts]],
            self.days[kept],
            tuple([self.kinds[place] for place in kept]),
        )

    def of_organisations(self, wanted: NDArray[np.bool_]) -> Ties:
        """Without the other organisations; activities stay, also those in which nobody is left."""
        kept = np.flatnonzero(wanted)
        places = np.full(len(self.organisations), -1)
        places[kept] = np.arange(len(kept))
        parts = wanted[self.who]
        return Ties(
            tuple([self.organisations[place] for place in kept]),
            self.activities,
            places[self.who[parts]],
            self.what[parts],
            self.days,
            self.kinds,
        )


def day_of(text: str) -> int | None:
    """The day with which a text begins: 2015, 2015-10, 2015-10-01 or 20151001; None if with none."""
    found = _DATE.match(text.strip())
    if found is None:
        return None
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        return (date(year, month, day) - _EPOCH).days
    except ValueError:
        return None


def year_of(day: int) -> int:
    return (_EPOCH + timedelta(day)).year


def ties_of(
    participations: Iterable[tuple[str, str]],
    *,
    organisations: Sequence[str] = (),
    days: dict[str, int] | None = None,
    kinds: dict[str, str] | None = None,
) -> Ties:
    """The network of some (organisation, activity); what is said twice counts once.

    organisations: known ones, of which some may take part in nothing. days, kinds: by activity.
    """
    who_of = {name: place for place, name in enumerate(dict.fromkeys(organisations))}
    what_of: dict[str, int] = {}
    pairs = {
        (what_of.setdefault(activity, len(what_of)), who_of.setdefault(organisation, len(who_of)))
        for organisation, activity in participations
    }
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    days, kinds = days or {}, kinds or {}
    return Ties(
        tuple(who_of),
        tuple(what_of),
        table[:, 1],
        table[:, 0],
        np.array([days.get(name, NO_DAY) for name in what_of], dtype=np.int64),
        tuple([kinds.get(name, "") for name in what_of]),
    )
