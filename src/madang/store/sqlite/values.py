"""What the value indexes hold of an attribute: the keys of `ngsild.comparison`, cut to a bearable length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from madang.ngsild.comparison import Key, keys
from madang.ngsild.entity import Attribute

# Longer texts are cut: the order among them and shorter ones stays, so only queries for a text that is itself
# this long cannot be answered by an index
INDEXED_CHARACTERS_MAX: Final = 256

# Most values are plain numbers, and need no decoding of the whole body to be found
_PLAIN: Final = b'{"type":"Property","value":'
_PLAIN_LENGTH: Final = len(_PLAIN)
_NUMBER_BEGINS: Final = frozenset(b"-0123456789")


def index_values(attribute: Attribute) -> list[Key]:
    """The rows that an attribute instance has in its value index: floats for number_value, texts for text_value.

    None twice. A string in the form of a DateTime, Date or Time gives two (see `comparison`).
    """
    body = attribute.body
    if body.startswith(_PLAIN) and body[_PLAIN_LENGTH] in _NUMBER_BEGINS:
        end = body.find(b",", _PLAIN_LENGTH)
        return [float(body[_PLAIN_LENGTH : end if end > 0 else -1])]
    kind = attribute.kind
    found = keys(kind, attribute.members().get(kind.value_member))
    if len(found) == 1 and type(found[0]) is float:
        return found
    return list(
        dict.fromkeys(key if type(key) is float else str(key)[:INDEXED_CHARACTERS_MAX] for key in found)
    )


def is_plain(values: Sequence[Key]) -> bool:
    """Whether the values of all instances of an attribute of one entity are those of one scalar value."""
    if len(values) < 2:
        return True
    first, second = values[0], values[1]
    return (
        len(values) == 2
        and isinstance(first, str)
        and isinstance(second, str)
        and first[0] == "s"
        and second[0] in "tdc"
    )
