"""By which links of the vocabulary organisations take part in what others take part in: the one table of it, for the analysis
and for the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CITY: Final = "city-government"
PUBLIC: Final = (CITY, "public-corporation")
"""Categories of public bodies, which are no participants of what they buy."""
PROCUREMENT: Final = "procurement"
"""Category of contracts whose buyer is such a body."""
TAKING_PART: Final[Mapping[str, tuple[str, ...]]] = {
    "Acquisition": ("buyer", "acquired"),
    "Agreement": ("participant",),
    "Contract": ("buyer", "supplier"),
    "Event": ("participant",),
    "Investment": ("investor", "investedIn"),
    "Meeting": ("participant",),
    "Partnership": ("participant",),
    "Pilot": ("participant",),
    "Programme": ("participant",),
    "Project": ("coordinator", "participant"),
    "Proposal": ("proposedBy",),
    "Technology": ("ownedBy",),
}
"""By type of activity the links to those who take part."""
JOINT: Final = ("Proposal", "Technology")
"""What one alone may have is no activity of its own, but a tie where several have it."""
BETWEEN_TWO: Final = ("partnerOf", "suppliesTo", "investedIn")
"""Links from one organisation to another, each an activity of the two."""
MEMBER: Final = "memberOf"
