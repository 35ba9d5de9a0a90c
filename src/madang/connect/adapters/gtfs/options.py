"""The options of this connector."""

from __future__ import annotations

import msgspec


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The connector "gtfs" has no options; [[source.entity]] says which types are wanted."""
