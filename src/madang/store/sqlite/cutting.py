"""Cutting hidden attributes out of the bytes in which an entity is kept: its members are told apart, none is decoded.

The same pages are asked for again and again, and most of what is on them has not changed meanwhile: what was made of the
very same bytes is at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from madang.ngsild.context import Context
from madang.store.sqlite.mask import Mask

_HEAD: Final = frozenset(("id", "type", "scope"))
_MEMBERS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_ENCODER: Final = msgspec.json.Encoder()
_CUTTERS_MAX: Final = 1_000
_REMEMBERED_BYTES_MAX: Final = 8 * 1024**2


class Cutters:
    """Those of one file, each made once, and how much they remember. context: that of the kept bytes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cutters: dict[Mask, Cutter] = {}
        self._bytes = 0

    def of(self, mask: Mask) -> Cutter:
        """What cuts out what the mask hides."""
        known = self._cutters.get(mask)
        if known is None:
            if len(self._cutters) >= _CUTTERS_MAX:
                self.forget()
                self._cutters.clear()
            known = self._cutters[mask] = Cutter(mask, self._context, self._make_room)
        return known

    def _make_room(self, size: int) -> bool:
        """For so many bytes more; False if they are more than there may be at all."""
        if self._bytes + size > _REMEMBERED_BYTES_MAX:
            self.forget()
        if size > _REMEMBERED_BYTES_MAX:
            return False
        self._bytes += size
        return True

    def forget(self) -> None:
        """All that was cut until now."""
        for cutter in self._cutters.values():
            cutter.remembered.clear()
        self._bytes = 0


class Cutter:
    """Cuts out what a mask hides. remembered: what was cut, by the kept bytes of the whole. make_room: as that of
    `Cutters`."""

    __slots__ = ("_hidden", "_make_room", "_shown", "remembered")

    def __init__(self, mask: Mask, context: Context, make_room: Callable[[int], bool]) -> None:
        self.remembered: dict[bytes, bytes] = {}
        self._make_room = make_room
        self._hidden = tuple([context.compact(name) for name in sorted(mask.hidden)])
        shown = mask.shown
        self._shown = _HEAD.union(map(context.compact, shown)) if shown is not None else None

    def __call__(self, kept: bytes) -> bytes:
        return self.each([kept])[0]

    def each(self, kept: list[bytes]) -> list[bytes]:
        """Of many entities, in less time than one by one."""
        remembered = self.remembered
        new = [one for one in kept if one not in remembered]
        if not new:
            return [remembered[one] for one in kept]
        cut = dict(zip(new, self._cut(new), strict=True))
        every = [cut[one] if one in cut else remembered[one] for one in kept]
        if self._make_room(sum(map(len, cut)) + sum(map(len, cut.values()))):
            remembered.update(cut)
        return every

    def _cut(self, kept: list[bytes]) -> list[bytes]:
        every = _MEMBERS.decode(b"[" + b",".join(kept) + b"]")
        shown = self._shown
        if shown is not None:
            every = [{name: one[name] for name in one if name in shown} for one in every]
        for name in self._hidden:
            for one in every:
                one.pop(name, None)
        return list(map(_ENCODER.encode, every))
