"""The taxonomy: ours, a city's own, industry codes of any length and revision, and what is said of a wrong file."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from tests.connect.real_files import real_data

from madang import vocabulary
from madang.errors import BadRequestData, NotFound
from madang.vocabulary.taxonomy import OUTSIDE, Axis, read_taxonomy, taxonomy

OWN = """
version = "saem-2"
[layer.categories]
core = { ko = "핵심 기술", en = "Core technology", text_ko = "반도체" }
network = {}
outside = { ko = "밖", en = "Outside" }
"""


def test_every_code_has_names_and_words() -> None:
    ours = taxonomy()
    assert [len(ours.axes[axis]) for axis in Axis] == [13, 6, 77]
    assert OUTSIDE in ours.axes[Axis.LAYER]
    for axis in Axis:
        for code, category in ours.axes[axis].items():
            assert category.text, code
            assert set(category.labels) == set(vocabulary.LANGUAGES), code
    assert {one.section for one in ours.axes[Axis.INDUSTRY].values()} == set(ours.sections)


def test_the_values_of_the_vocabulary_and_the_taxonomy_are_the_same_codes() -> None:
    values = {one.term: one.values for one in vocabulary.attributes().values()}
    for axis in (Axis.AREA, Axis.LAYER):
        assert set(values[axis]) == set(taxonomy().axes[axis])


def test_the_divisions_are_those_of_the_industry_code() -> None:
    with gzip.open(real_data() / "korea" / "KSIC_10.csv.gz", "rt", encoding="utf-8") as file:
        divisions = {row[0] for row in csv.reader(file) if len(row[0]) == 2}
    assert divisions == set(taxonomy().axes[Axis.INDUSTRY])


@pytest.mark.parametrize(
    ("code", "division"),
    [
        ("62", "62"),
        ("62010", "62"),
        ("J62010", "62"),
        ("KSIC-10:62010", "62"),
        ("ISIC-4:6201", "62"),
        ("ISIC-4:6920", "71"),
        ("ISIC-4:5320", ""),
        ("KSIC-9:62010", ""),
        ("99999", "99"),
        ("04", ""),
        ("software", ""),
        ("", ""),
    ],
)
def test_industry_codes_of_any_length_and_revision(code: str, division: str) -> None:
    found = taxonomy().category(Axis.INDUSTRY, code)
    assert (found.code if found else "") == division


def test_a_city_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.toml"
    path.write_text(OWN, encoding="utf-8")
    own = read_taxonomy(path)
    assert own.version == "saem-2"
    assert own.label(Axis.LAYER, "core", "ko") == "핵심 기술"
    assert own.label(Axis.LAYER, "network", "en") == "Network"
    assert own.label(Axis.AREA, "transport", "en") == "Transport"
    assert own.revision == "KSIC-10"
    assert "반도체" in own.described(Axis.LAYER)["core"]


def test_the_crosswalk_leads_to_the_later_revision_and_back(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.toml"
    path.write_text(
        'version = "x"\n[industry]\nrevision = "KSIC-10"\n[industry.crosswalk]\nrevision = "KSIC-11"\n'
        '[industry.crosswalk.codes]\n62 = ["62"]\n6201 = ["6211", "6212"]\n'
        '[industry.categories]\n62 = { ko = "가", en = "a" }\n63 = { ko = "나", en = "b" }\n',
        encoding="utf-8",
    )
    own = read_taxonomy(path)
    assert own.crossed("62010") == ("6211", "6212")
    assert own.crossed("6209") == ("62",)
    assert own.crossed("63") == ()
    found = own.category(Axis.INDUSTRY, "KSIC-11:6212")
    assert found is not None
    assert found.code == "62"
    assert own.category(Axis.INDUSTRY, "KSIC-11:6311") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "wrong"),
        ('version = "1"\nlayers = 3', "unknown field `layers`"),
        ('version = "1"\n[area.categories]\nparks = { en = "Parks" }\ntransport = {}', "'parks'.* in ko"),
        ('version = "1"\n[area.categories]\ntransport = {}', "length"),
        ('version = "1"\n[industry.categories]\n62 = {}\n63 = {}', "revision"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "taxonomy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequestData, match=said):
        read_taxonomy(path)
    with pytest.raises(NotFound, match="no taxonomy file"):
        read_taxonomy(tmp_path / "missing.toml")
