"""The bodies of a chunk's instances as text, put together from the few forms that they have.

A form is a body that lacks its number and its observedAt; those are in the chunk's columns. Most chunks have one
form, and most of what is asked of them is the JSON of some instances side by side: that is one pattern, filled in.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np
import orjson

from madang.ngsild.evolution import INSTANCE_PREFIX, NEVER
from madang.store.sqlite.columns import Floats, Integers, Packed, unpack

NUMBER: Final = b"\x1e"  # where a form leaves out the number
MOMENT: Final = b"\x1f"  # where it leaves out observedAt; also between compressed bodies
UNITS: Final[dict[int, Literal["s", "ms", "us"]]] = {0: "s", 3: "ms", 6: "us"}

_ARRAY: Final = orjson.OPT_SERIALIZE_NUMPY
_IN_UTC: Final = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
_INSTANCE: Final = b',"instanceId":"' + INSTANCE_PREFIX.encode()


class Bodies(msgspec.Struct, frozen=True, array_like=True):
    """The bodies: `forms` with the number of each instance's own, or `text`, zlib of all.

    digits: of the fraction of a second in every observedAt. whole: 1 for each number that is written without a
    fraction."""

    forms: list[bytes]
    which: Packed | None
    digits: int
    whole: Packed | None
    text: bytes


class Part(msgspec.Struct, frozen=True):
    """Some instances of a chunk: their indexes among its n, their times (NEVER: none) and their numbers, if any.

    is_observed: none of the times is NEVER.
    """

    n: int
    index: slice | Integers
    times: Integers
    numbers: Floats | None
    is_observed: bool = False


class Names(msgspec.Struct, frozen=True):
    """Of what the instanceIds of a chunk are made: the attribute's term, and of each instance sequence and place."""

    term: bytes
    sequences: Packed
    places: Packed

    def gaps(self, n: int, index: slice | Integers) -> tuple[bytes, list[list[int]]]:
        """(the end of an instance's JSON with gaps, what fills each gap). A number that all share leaves no gap."""
        pattern = _INSTANCE + b"%b-" + self.term.replace(b"%", b"%%") + b'-%b"}'
        filled: list[list[int]] = []
        shared: list[bytes] = []
        for packed in (self.sequences, self.places):
            if packed.width:
                filled.append(unpack(packed, n, index).tolist())
                shared.append(b"%d")
            else:
                shared.append(b"%d" % packed.base)
        return pattern % tuple(shared), filled


def written(bodies: Bodies, part: Part) -> list[bytes]:
    """The bodies of some instances."""
    forms = bodies.forms
    texts, stamps = _texts(bodies, part), _stamps(bodies, part)
    if len(forms) == 1:
        pattern = _pattern(forms[0])
        if pattern is not None and texts and stamps:
            return [pattern % pair for pair in zip(texts, stamps, strict=True)]
    assert bodies.which is not None
    found = [forms[number] for number in unpack(bodies.which, part.n, part.index).tolist()]
    if texts:
        found = [form.replace(NUMBER, text) for form, text in zip(found, texts, strict=True)]
    if stamps:
        found = [form.replace(MOMENT, stamp) for form, stamp in zip(found, stamps, strict=True)]
    return found


def named(bodies: list[bytes], names: Names, among: tuple[int, slice | Integers]) -> list[bytes]:
    """Bodies with their instanceIds. among: of so many instances those with these indexes."""
    end, gaps = names.gaps(*among)
    pattern = b"%b" + end
    return [pattern % row for row in zip([body[:-1] for body in bodies], *gaps, strict=True)]


def written_named(bodies: Bodies, part: Part, names: Names) -> list[bytes]:
    """The bodies of some instances with their instanceIds."""
    pattern = _pattern(bodies.forms[0]) if len(bodies.forms) == 1 else None
    if pattern is not None:
        texts, stamps = _texts(bodies, part), _stamps(bodies, part)
        if texts and stamps:
            end, gaps = names.gaps(part.n, part.index)
            pattern = pattern[:-1] + end
            return [pattern % row for row in zip(texts, stamps, *gaps, strict=True)]
    return named(written(bodies, part), names, (part.n, part.index))


def _pattern(form: bytes) -> bytes | None:
    """The form with gaps for the number and then the moment; None if it has others."""
    if form.count(NUMBER) != 1 or form.count(MOMENT) != 1 or form.find(NUMBER) > form.find(MOMENT):
        return None
    return form.replace(b"%", b"%%").replace(NUMBER, b"%b").replace(MOMENT, b"%b")


def _texts(bodies: Bodies, part: Part) -> list[bytes]:
    """The numbers as they were written; none if the chunk has none."""
    if part.numbers is None:
        return []
    assert bodies.whole is not None
    if bodies.whole.width == 0 and bodies.whole.base == 0:
        return orjson.dumps(part.numbers, option=_ARRAY)[1:-1].split(b",")
    whole = unpack(bodies.whole, part.n, part.index).tolist()
    found = zip(part.numbers.tolist(), whole, strict=True)
    return orjson.dumps([_as_written(number, one) for number, one in found])[1:-1].split(b",")


def _as_written(number: float, whole: int) -> float | int | None:
    if number != number:  # noqa: PLR0124 only NaN differs from itself
        return None
    return int(number) if whole else number


def _stamps(bodies: Bodies, part: Part) -> list[bytes]:
    """The moments as they were written; none if the forms have no place for one."""
    if not any(MOMENT in form for form in bodies.forms):
        return []
    known = part.times if part.is_observed else np.where(part.times == NEVER, 0, part.times)
    moments = known.astype("datetime64[us]")
    if bodies.digits:
        texts = np.datetime_as_string(moments, unit=UNITS[bodies.digits], timezone="UTC")
        stamps: list[bytes] = texts.astype("S").tolist()
        return stamps
    return orjson.dumps(moments, option=_IN_UTC)[2:-2].split(b'","')
