"""The taxonomy by which firms are classified: what its categories are called and what belongs to them.

Ours stands in `data/taxonomy.toml`; a city may put a file of its own in place of it, whole or axis by axis.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from madang.errors import BadRequestData, NotFound
from madang.vocabulary.load import LANGUAGES, vocabulary

OUTSIDE: Final = "outside"
"""The layer of firms that are no part of a smart city's technology; a city's own taxonomy should keep the code."""
_CODE: Final = re.compile(r"(?:(?P<revision>[A-Z]+-?[0-9]+):)?[A-Z]?(?P<digits>[0-9]{1,6})")
_Text = Annotated[str, msgspec.Meta(max_length=2000)]
_Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Axis(StrEnum):
    """A firm has one category on each axis. The values are the terms of an organisation's attributes."""

    AREA = "serviceArea"
    LAYER = "technologyLayer"
    INDUSTRY = "industryCode"


class Category(msgspec.Struct, frozen=True):
    """labels: language to what it is called. text: what belongs to it, in all languages, in words that firms use. section:
    of an industry, the letter of its section. isic: of an industry, the divisions of ISIC that it covers."""

    code: str
    labels: Mapping[str, str]
    text: str
    section: str = ""
    isic: tuple[str, ...] = ()


class Taxonomy(msgspec.Struct, frozen=True):
    """version: stands wherever classes are shown. names, note: language to what it is called and what it is. axes: to
    categories by code, in their order. revision, isic: of the industry codes, such as "KSIC-10". later: revision to which
    `crosswalk` leads. sections: letter to labels.
    """

    version: str
    names: Mapping[str, str]
    note: Mapping[str, str]
    axes: Mapping[Axis, Mapping[str, Category]]
    revision: str
    isic: str
    later: str
    crosswalk: Mapping[str, tuple[str, ...]]
    sections: Mapping[str, Mapping[str, str]]

    def category(self, axis: Axis, code: str) -> Category | None:
        """The category that a code of an organisation belongs to; of industry codes the one with the longest beginning in
        common, whatever their length: "62010", "J62010", "KSIC-10:62010", "ISIC-4:6201"."""
        known = self.axes[axis]
        return known.get(self._industry(code) if axis is Axis.INDUSTRY else code)

    def label(self, axis: Axis, code: str, language: str) -> str:
        """What a category is called; the code itself where it is not known."""
        found = self.category(axis, code)
        return (found.labels.get(language) or found.labels["en"]) if found else code

    def described(self, axis: Axis) -> dict[str, str]:
        """Code to all that is said of the category, for search."""
        return {
            code: " ".join((*entry.labels.values(), entry.text)) for code, entry in self.axes[axis].items()
        }

    def crossed(self, code: str) -> tuple[str, ...]:
        """The codes of the later revision that an industry code leads to; none where the table does not say."""
        for end in range(len(code), 0, -1):
            if code[:end] in self.crosswalk:
                return self.crosswalk[code[:end]]
        return ()

    def _industry(self, code: str) -> str:
        known = self.axes[Axis.INDUSTRY]
        if code in known:
            return code
        found = _CODE.fullmatch(code.strip())
        if found is None:
            return ""
        digits, revision = found["digits"], found["revision"] or self.revision
        if revision == self.revision:
            return next((digits[:end] for end in range(len(digits), 0, -1) if digits[:end] in known), "")
        if revision == self.isic:
            covering = [one for one, entry in known.items() if digits[:2] in entry.isic]
            return covering[0] if len(covering) == 1 else ""
        before = {one for one, after in self.crosswalk.items() if any(digits.startswith(to) for to in after)}
        covering = sorted({self._industry(one) for one in before}) if revision == self.later else []
        return covering[0] if len(covering) == 1 else ""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ko: _Text = ""
    en: _Text = ""
    text_ko: _Text = ""
    text_en: _Text = ""
    section: str = ""
    isic: tuple[str, ...] = ()


class _AxisTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    categories: Annotated[dict[_Code, _Entry], msgspec.Meta(min_length=2, max_length=2500)]


class _Crosswalk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    revision: str = ""
    codes: dict[_Code, tuple[_Code, ...]] = {}


class _IndustryTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    categories: Annotated[dict[_Code, _Entry], msgspec.Meta(min_length=2, max_length=2500)]
    revision: str
    isic: str = ""
    crosswalk: _Crosswalk = _Crosswalk()
    sections: dict[str, dict[str, str]] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An axis that is None is the platform's."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    name: dict[str, str] = {}
    note: dict[str, str] = {}
    industry: _IndustryTable | None = None
    area: _AxisTable | None = None
    layer: _AxisTable | None = None


@cache
def taxonomy() -> Taxonomy:
    """The platform's own, read at the first call."""
    place = files("madang.vocabulary").joinpath("data", "taxonomy.toml")
    return _made(_parsed(place.read_text(encoding="utf-8"), "taxonomy.toml"), None, "taxonomy.toml")


def read_taxonomy(path: Path) -> Taxonomy:
    """A city's own: a file of the form of `data/taxonomy.toml`. What it does not say of an axis, the platform's says.

    Raises NotFound, BadRequestData with what is wrong in the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"There is no taxonomy file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequestData(f"The taxonomy file {path} cannot be read: {error}") from error
    return _made(_parsed(text, str(path)), taxonomy(), str(path))


def _parsed(text: str, where: str) -> _File:
    try:
        return msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadRequestData(f"The taxonomy file {where} is wrong: {error}") from error


def _made(file: _File, ours: Taxonomy | None, where: str) -> Taxonomy:
    tables: dict[Axis, Mapping[str, _Entry] | None] = {
        Axis.AREA: file.area.categories if file.area else None,
        Axis.LAYER: file.layer.categories if file.layer else None,
        Axis.INDUSTRY: file.industry.categories if file.industry else None,
    }
    axes: dict[Axis, Mapping[str, Category]] = {}
    for axis, table in tables.items():
        if table is not None:
            axes[axis] = {code: _category(axis, code, entry, where) for code, entry in table.items()}
        elif ours is not None:
            axes[axis] = ours.axes[axis]
        else:
            raise BadRequestData(f"The taxonomy file {where} says nothing of the axis {axis.name.lower()}")
    industry: Any = file.industry or ours
    crosswalk = file.industry.crosswalk if file.industry else None
    return Taxonomy(
        version=file.version,
        names=file.name or (ours.names if ours else {}),
        note=file.note or (ours.note if ours else {}),
        axes=axes,
        revision=industry.revision,
        isic=industry.isic,
        later=crosswalk.revision if crosswalk else industry.later,
        crosswalk=crosswalk.codes if crosswalk else industry.crosswalk,
        sections=industry.sections,
    )


def _category(axis: Axis, code: str, entry: _Entry, where: str) -> Category:
    """What it is called is said here, or in the vocabulary's values."""
    values = next((one.values for one in vocabulary().attributes.values() if one.term == axis.value), {})
    labels = {"ko": entry.ko, "en": entry.en} if entry.ko or entry.en else dict(values.get(code, {}))
    missing = [language for language in LANGUAGES if not labels.get(language)]
    if missing:
        raise BadRequestData(
            f"The taxonomy file {where} is wrong: {axis.name.lower()} '{code}' is called nothing in {missing[0]}"
        )
    text = " ".join(part for part in (entry.text_ko, entry.text_en) if part)
    return Category(code, labels, text, entry.section, entry.isic)
