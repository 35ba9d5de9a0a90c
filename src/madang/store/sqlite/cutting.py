"""Cutting hidden attributes out of the bytes in which an entity is kept: its members are told apart, none is decoded."""

from __future__ import annotations

from typing import Final

import msgspec

from madang.ngsild.context import Context
from madang.store.sqlite.mask import Mask

_HEAD: Final = frozenset(("id", "type", "scope"))
_MEMBERS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_ENCODER: Final = msgspec.json.Encoder()


class Cutter:
    """Cuts out what a mask hides. context: that of the kept bytes."""

    __slots__ = ("_hidden", "_shown")

    def __init__(self, mask: Mask, context: Context) -> None:
        self._hidden = tuple([context.compact(name) for name in sorted(mask.hidden)])
        shown = mask.shown
        self._shown = _HEAD.union(map(context.compact, shown)) if shown is not None else None

    def __call__(self, kept: bytes) -> bytes:
        return self.each([kept])[0]

    def each(self, kept: list[bytes]) -> list[bytes]:
        """Of many entities, in less time than one by one."""
        every = _MEMBERS.decode(b"[" + b",".join(kept) + b"]")
        shown = self._shown
        if shown is not None:
            every = [{name: one[name] for name in one if name in shown} for one in every]
        for name in self._hidden:
            for one in every:
                one.pop(name, None)
        return list(map(_ENCODER.encode, every))
