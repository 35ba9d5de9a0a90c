"""What a commit writes into, and what is remembered of the file between commits."""

from __future__ import annotations

import apsw
import msgspec

from madang.ngsild.context import Context
from madang.store.sqlite.codec import Terms
from madang.store.sqlite.combinations import Combinations
from madang.store.sqlite.expiry import Expiry
from madang.store.sqlite.indexes import ValueIndexes
from madang.store.sqlite.outbox import Outbox


class Counters:
    """The numbers that only grow, of rows and of changes; and how many entities have which types."""

    __slots__ = ("combinations", "row", "sequence")

    def __init__(self, connection: apsw.Connection) -> None:
        self.combinations = Combinations(connection)
        self.reload(connection)

    def reload(self, connection: apsw.Connection) -> None:
        """Read them from the file: at the start, and after a rollback."""
        self.combinations.reload(connection)
        highest = (
            "SELECT max(coalesce((SELECT max(row) FROM entity), 0), coalesce((SELECT max(row) FROM past), 0))"
        )
        self.row = int(connection.execute(highest).get)
        self.sequence = int(connection.execute("SELECT coalesce(max(sequence), 0) FROM change").get)


class Place(msgspec.Struct, frozen=True):
    """What a batch writes into: the connection with what the store remembers of the file."""

    connection: apsw.Connection
    terms: Terms
    registry: ValueIndexes
    counters: Counters
    context: Context
    name_attributes: frozenset[str]
    outbox: Outbox
    expiry: Expiry
