"""Which entries may be one organisation: candidates that have something in common, each weighed with reasons for and
against. It proposes; a person decides, and what sources said is never changed.

Pairs are found by blocking: entries come together by a number, a site, or one of several forms of their names, and what
too many have in common brings nobody together. Reasons add up as logarithms of odds; their weights are ours, chosen on names made up
for it (`docs/ecosystem-data.md` tells how well they do).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final
from urllib.parse import urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.business_numbers import business_number
from madang.ecosystem.names import Name, names_in, sound
from madang.ecosystem.record import Thing

PROPOSED: Final = 0.5
# What more entries than that have in common brings nobody together
BLOCK_MAX: Final = 40
_NAMES_MAX: Final = 8
_PRIOR: Final = -4.0
# What the same name says at least, however short
_SAME_NAME_MIN: Final = 4.0
# How many entries have a name before it says less: so often is one organisation told of
_SHARED_FREELY: Final = 3
_EARTH_METRES: Final = 111_320.0
_LIKENESS_MIN: Final = 0.6
_SAME_SCRIPT_LIKENESS_MIN: Final = 0.85
# Grounds of names that only come near one another
_NEAR: Final = frozenset(("letter", "sound"))
# ㅐ ㅒ ㅔ ㅖ ㅙ ㅚ ㅞ, by their places among the vowels
_ALIKE_VOWELS: Final = frozenset((1, 3, 5, 7, 10, 11, 15))
_NEAR_METRES: Final = 150.0
_FAR_METRES: Final = 60_000.0
# Sites on which many have a page
_SHARED_SITES: Final = frozenset(
    [
        *("naver.com", "modoo.at", "daum.net", "kakao.com", "tistory.com", "facebook.com", "instagram.com"),
        *(
            "linkedin.com",
            "github.io",
            "github.com",
            "wixsite.com",
            "youtube.com",
            "notion.site",
            "google.com",
        ),
    ]
)


class Entry(msgspec.Struct, frozen=True):
    """What is known of one organisation. names: as they are written. number, corporate: digits, "" where not known. site: host.
    kind: category. place: longitude, latitude. source: who says so.
    """

    id: str
    names: tuple[str, ...]
    number: str = ""
    corporate: str = ""
    site: str = ""
    address: str = ""
    region: str = ""
    kind: str = ""
    founded: int | None = None
    place: tuple[float, float] | None = None
    source: str = ""


class Ground(msgspec.Struct, frozen=True):
    """One reason. code: names its text. weight: positive for, negative against. values: what the text names."""

    code: str
    weight: float
    values: dict[str, str | float] = {}


class Match(msgspec.Struct, frozen=True):
    """Two entries (places in what was given, the first lower) that may be one. score: 0 to 1. grounds: the strongest first."""

    one: int
    other: int
    score: float
    grounds: tuple[Ground, ...]


class Resolution(msgspec.Struct, frozen=True):
    """matches: the highest score first. compared: how many pairs were weighed. common: how many names and the like are so
    common that they brought nobody together."""

    matches: tuple[Match, ...]
    compared: int
    common: int


class _Known(msgspec.Struct, frozen=True):
    entry: Entry
    names: tuple[Name, ...]
    sounds: tuple[str, ...]


def entries_of(things: Iterable[Thing]) -> tuple[Entry, ...]:
    """The organisations among them."""
    return tuple([_entry(thing) for thing in things if thing.type == "Organization"])


def resolve(entries: Sequence[Entry], least: float = PROPOSED) -> Resolution:
    """least: score from which two are told of. The same entries give the same matches, in whatever order blocks are met."""
    known = [_known(entry) for entry in entries]
    pairs, common, shared = _candidates(known)
    near: Counter[int] = Counter()
    enough = math.log(least / (1 - least)) if 0 < least < 1 else -math.inf
    kept = []
    for pair in pairs:
        grounds = tuple(_grounds(known[pair[0]], known[pair[1]], shared))
        if _only_near(grounds):
            near.update(pair)
        # What is found out about names that come near many others only lowers a score
        if _PRIOR + sum(ground.weight for ground in grounds) >= enough:
            kept.append((pair, grounds))
    matches = [_match(pair, grounds, near) for pair, grounds in kept]
    found = sorted(
        (match for match in matches if match.score >= least),
        key=lambda match: (-match.score, match.one, match.other),
    )
    return Resolution(tuple(found), len(pairs), common)


def _entry(thing: Thing) -> Entry:
    names = [*thing.names.values(), thing.text("alternateName")]
    founded = thing.number("foundingYear")
    return Entry(
        id=thing.id,
        names=tuple([name for name in dict.fromkeys(names) if name.strip()][:_NAMES_MAX]),
        number=business_number(thing.text("businessNumber")),
        corporate=digits_of(thing.text("corporateNumber")),
        site=site_of(thing.text("homePage")),
        address=thing.text("address"),
        region=thing.text("region"),
        kind=thing.text("category"),
        founded=int(founded) if founded is not None else None,
        place=thing.place,
        source=thing.provider,
    )


def digits_of(text: str) -> str:
    """Of a corporate number its thirteen digits, "" for what is none."""
    digits = "".join(filter(str.isdigit, text))
    return digits if len(digits) == 13 and digits.strip("0") else ""


def site_of(address: str) -> str:
    """The host of a web site without "www.", "" where many share it or there is none."""
    text = address.strip().casefold()
    if not text:
        return ""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""
    host = host.removeprefix("www.")
    shared = host in _SHARED_SITES or any(host.endswith(f".{site}") for site in _SHARED_SITES)
    return "" if shared or "." not in host else host


def _known(entry: Entry) -> _Known:
    names = tuple(dict.fromkeys(name for text in entry.names for name in names_in(text)))
    return _Known(entry, names, tuple([sound(name.latin) for name in names]))


# --- who is compared with whom ---


def _candidates(known: Sequence[_Known]) -> tuple[list[tuple[int, int]], int, dict[str, int]]:
    """Pairs; how many keys were too common; and of each core in how many entries it stands, where in more than is usual."""
    keys: list[int] = []
    places: list[int] = []
    for place, one in enumerate(known):
        for text, strong in dict(_keys(one)).items():
            keys.append(_hash(text) | 1 if strong else _hash(text) & ~1)
            places.append(place)
    found: set[tuple[int, int]] = set()
    common = 0
    for key, block in _blocks(np.array(keys, dtype=np.uint64), np.array(places, dtype=np.int64)):
        if len(block) <= BLOCK_MAX:
            found.update((one, other) for at, one in enumerate(block) for other in block[at + 1 :])
        elif key & 1:
            found.update((block[0], other) for other in block[1:])
        else:
            common += 1
    return sorted(found), common, _shared(known)


def _blocks(keys: NDArray[np.uint64], places: NDArray[np.int64]) -> Iterator[tuple[int, list[int]]]:
    """Each key that several have, with their places in order."""
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    cuts = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    begins, ends = np.r_[0, cuts], np.r_[cuts, len(keys)]
    several = ends - begins > 1
    for begin, end in zip(begins[several].tolist(), ends[several].tolist(), strict=True):
        yield int(keys[begin]), places[begin:end].tolist()


def _shared(known: Sequence[_Known]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in known:
        for core in {form for name in one.names for form in (name.core, name.latin)}:
            counts[core] = counts.get(core, 0) + 1
    return {core: count for core, count in counts.items() if count > _SHARED_FREELY}


def _keys(one: _Known) -> Iterator[tuple[str, bool]]:
    """What brings entries together, and whether it does however many have it."""
    entry = one.entry
    if entry.number:
        yield f"b:{entry.number}", True
    if entry.corporate:
        yield f"c:{entry.corporate}", True
    if entry.site:
        yield f"s:{entry.site}", False
    for name, heard in zip(one.names, one.sounds, strict=True):
        forms = (name.core, name.latin, name.spelled, name.core + name.part)
        yield from ((f"n:{form}", False) for form in forms if form)
        if len(heard) >= 4:
            yield f"h:{heard}", False
        if len(name.core) >= (4 if name.hangul else 6):
            # Two names with one letter more, less or other have a form with one letter less in common
            yield f"d:{name.core}", False
            yield from ((f"d:{name.core[:at]}{name.core[at + 1 :]}", False) for at in range(len(name.core)))


def _hash(text: str) -> int:
    """64 bits, the same for a text within one run."""
    return hash(text) & 0xFFFFFFFFFFFFFFFF


# --- how alike two are ---


def _only_near(grounds: Iterable[Ground]) -> bool:
    return any(ground.code in _NEAR for ground in grounds)


def _match(pair: tuple[int, int], grounds: tuple[Ground, ...], near: Mapping[int, int]) -> Match:
    """near: to how many others the name of an entry comes near; near to many says little."""
    others = max(near[pair[0]], near[pair[1]])
    if others > 1 and _only_near(grounds):
        grounds = (*grounds, Ground("many-near", -math.log(others), {"count": str(others)}))
    total = _PRIOR + sum(ground.weight for ground in grounds)
    told = tuple(sorted(grounds, key=lambda ground: -abs(ground.weight)))
    return Match(*pair, 1 / (1 + math.exp(-total)), told)


def _grounds(first: _Known, second: _Known, shared: dict[str, int]) -> Iterator[Ground]:
    one, two = first.entry, second.entry
    yield from _by_number(one, two)
    yield from _by_name(first, second, shared)
    yield from _by_place(one, two)
    if one.site and two.site:
        yield Ground("site", 5.0, {"site": one.site}) if one.site == two.site else Ground("other-site", -1.0)
    if one.founded and two.founded:
        apart = abs(one.founded - two.founded)
        if apart == 0:
            yield Ground("founded", 1.0, {"year": str(one.founded)})
        elif apart > 1:
            yield Ground("other-founded", -2.0, {"one": str(one.founded), "other": str(two.founded)})
    if one.kind and two.kind and one.kind != two.kind and "university" in (one.kind, two.kind):
        yield Ground("other-kind", -2.0)


def _by_number(one: Entry, two: Entry) -> Iterator[Ground]:
    if one.number and two.number:
        # An organisation may have a number for each of its places of business
        same = one.number == two.number
        yield Ground("number", 9.0) if same else Ground("other-number", -4.5)
    if one.corporate and two.corporate:
        same = one.corporate == two.corporate
        yield Ground("corporate-number", 9.0) if same else Ground("other-corporate-number", -9.0)


def _by_place(one: Entry, two: Entry) -> Iterator[Ground]:
    if one.address and "".join(one.address.split()) == "".join(two.address.split()):
        yield Ground("address", 2.0)
    elif one.place and two.place:
        metres = _metres(one.place, two.place)
        if metres < _NEAR_METRES:
            yield Ground("near", 1.5, {"metres": f"{metres:.0f}"})
        elif metres > _FAR_METRES:
            yield Ground("far", -1.5, {"kilometres": f"{metres / 1000:.0f}"})
    if one.region and two.region:
        yield Ground("region", 0.7) if one.region == two.region else Ground("other-region", -1.5)


def _metres(one: tuple[float, float], two: tuple[float, float]) -> float:
    east = (one[0] - two[0]) * math.cos(math.radians((one[1] + two[1]) / 2))
    return math.hypot(east, one[1] - two[1]) * _EARTH_METRES


def _by_name(first: _Known, second: _Known, shared: dict[str, int]) -> Iterator[Ground]:
    """The best that any of the names of one has in common with any of the other; and what speaks against these two."""
    best: tuple[Ground, Name, Name] | None = None
    for one, heard in zip(first.names, first.sounds, strict=True):
        for two, also in zip(second.names, second.sounds, strict=True):
            ground = _alike(one, two, (heard, also), shared)
            if best is None or ground.weight > best[0].weight:
                best = ground, one, two
    if best is None:
        return
    ground, one, two = best
    if not ground.weight:
        if any(name.hangul == other.hangul for name in first.names for other in second.names):
            yield Ground("other-name", -3.5, {"one": one.text, "other": two.text})
        return
    yield ground
    both = {name.core for name in first.names} & {name.core for name in second.names}
    if len({core.isascii() for core in both}) > 1:
        yield Ground("both-names", 1.5)
    forms = [{name.form for name in known.names if name.korean and name.form} for known in (first, second)]
    if all(forms) and not forms[0] & forms[1]:
        yield Ground("other-form", -3.0, {"one": min(forms[0]), "other": min(forms[1])})
    if one.part != two.part:
        yield Ground("part", -2.5, {"part": one.part or two.part})
    if one.digits != two.digits and ground.code != "spelled":
        yield Ground("other-digits", -4.5)


def _alike(one: Name, two: Name, heard: tuple[str, str], shared: dict[str, int]) -> Ground:
    """What two names have in common; weight 0.0 for nothing."""
    said: dict[str, str | float] = {"one": one.text, "other": two.text}
    if one.core == two.core:
        count = shared.get(one.core, _SHARED_FREELY)
        telling = max(_telling(one), _SAME_NAME_MIN)
        return Ground("name", telling - math.log(count / _SHARED_FREELY), {**said, "count": str(count)})
    if one.core + one.part == two.core + two.part:
        return Ground("spacing", _telling(one) - 0.5, said)
    forms = {one.spelled or one.latin, one.latin} & {two.spelled or two.latin, two.latin}
    if forms:
        count = max(shared.get(form, _SHARED_FREELY) for form in forms)
        code = "romanised" if one.latin == two.latin else "spelled"
        weight = _telling(one if one.hangul else two) - 0.4 - math.log(count / _SHARED_FREELY)
        return Ground(code, weight, {**said, "count": str(count)})
    if heard[0] == heard[1] and len(heard[0]) >= 4 and one.digits == two.digits:
        likeness = SequenceMatcher(None, one.stem, two.stem, autojunk=False).ratio()
        if likeness >= (_LIKENESS_MIN if one.hangul != two.hangul else _SAME_SCRIPT_LIKENESS_MIN):
            return Ground("sound", _telling(one) - 0.3 - 4.0 * (1 - likeness), said)
    if one.hangul == two.hangul and _one_letter(one.core, two.core):
        slip = 1.8 if _slip(one.core, two.core) else 0.0
        return Ground("letter", slip + 0.4 * min(max(len(one.core), len(two.core)), 9), said)
    return Ground("", 0.0)


def _slip(one: str, two: str) -> bool:
    """Whether it is a slip as they happen in Korean: a letter twice, or one of two vowels that sound the same."""
    if len(one) != len(two):
        longer, shorter = (one, two) if len(one) > len(two) else (two, one)
        return any(
            longer[at] == longer[at + 1] and longer[:at] + longer[at + 1 :] == shorter
            for at in range(len(shorter))
        )
    differing = [(ord(a) - 0xAC00, ord(b) - 0xAC00) for a, b in zip(one, two, strict=True) if a != b]
    return all(
        a // 588 == b // 588 and a % 28 == b % 28 and {a % 588 // 28, b % 588 // 28} <= _ALIKE_VOWELS
        for a, b in differing
        if 0 <= a < 11172 and 0 <= b < 11172
    )


def _telling(name: Name) -> float:
    """How much it says that two have this name: short ones are many's."""
    letters = len(name.core) * (2 if name.hangul else 1)
    return min(5.5, 1.5 + 0.5 * max(letters - 2, 0))


def _one_letter(one: str, two: str) -> bool:
    """Whether they differ by one letter: more, less, or another."""
    if abs(len(one) - len(two)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return one[at + 1 :] == two[at + 1 :] or one[at + 1 :] == two[at:] or one[at:] == two[at + 1 :]
