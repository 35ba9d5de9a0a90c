"""Recipes over small exports as agencies write them: what becomes of the rows, and of the organisations that they name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.connect.mapped_file import around
from tests.connect.real_files import write_excel

from madang import vocabulary
from madang.city.apply import apply
from madang.city.check import check, read_city, require
from madang.city.file import SourceTable
from madang.connect.adapter import Reading, adapter_named
from madang.connect.mapping import Mapped, Mapper, Refused, fields_of
from madang.connect.progress import refuse
from madang.connect.reader import Reader
from madang.connect.recipes import RECIPES, entities_by, may_lack, options_by, recipe
from madang.hub.hub import Hub
from madang.trust.access import OPEN

ORGANISATION = "urn:ngsi-ld:Organization:gaon:table:"
CITY = """\
[city]
id = "gaon"
name = { ko = "가온시" }
languages = ["ko"]
time_zone = "Asia/Seoul"
extent = [126.9, 37.4, 127.0, 37.5]
[[source]]
id = "contracts"
connector = "table"
location = "contracts.csv"
"""
CONTRACTS = """나라장터 계약 현황,,,,,,
(2024년),,,,,,
통합계약번호,계약건명,총계약금액,계약체결일자,수요기관명,계약업체명,사업자등록번호
R1,스마트 횡단보도,"123,000,000",2024.03.05,가온시,주식회사 가온테크,124-81-00998
R2,교통 데이터,"50,000,000",20240401,가온시,(주)가온 테크,
R2,교통 데이터,"50,000,000",20240401,가온시,한빛소프트(유),
R3,하수 관로,-,,가온시,-,
R4,점검,없음,,가온시,(주)가온테크,
"""


def made(name: str, path: Path, **given: Any) -> tuple[dict[str, dict[str, Any]], list[Refused]]:
    """Entities by "Type:key", each as attribute to what it is; and the refused. What a row says of an organisation again is left out."""
    options = options_by(name, given)
    mappings = entities_by(name, ())
    mapper = Mapper(mappings, around("table"), vocabulary.context())
    reading = Reading(str(path), options, frozenset(mapping.table for mapping in mappings))
    entities: dict[str, dict[str, Any]] = {}
    refused: list[Refused] = []
    for step in adapter_named("table").read(reading, {}):
        for row in step.rows:
            for one in [row] if isinstance(row, Refused) else mapper.map(row):
                if isinstance(one, Refused):
                    refused.append(one)
                    continue
                _, _, kind, _, _, key = one.id.split(":", 5)
                assert isinstance(one, Mapped)
                entities.setdefault(
                    f"{kind}:{key}",
                    {
                        vocabulary.context().compact(attribute.name): attribute.members()
                        for attribute in one.attributes
                    },
                )
    return entities, refused


def named(entities: dict[str, dict[str, Any]], links: Any) -> set[str]:
    """The names of the organisations that a relationship leads to."""
    targets = links["object"] if isinstance(links["object"], list) else [links["object"]]
    keys = [target.removeprefix(ORGANISATION) for target in targets]
    return {entities[f"Organization:{key}"]["name"]["languageMap"]["ko"] for key in keys}


def test_every_recipe_is_in_the_city_files_form_and_in_the_vocabulary() -> None:
    choices = msgspec.json.schema(SourceTable)["$defs"]["SourceTable"]["properties"]["recipe"]["enum"]
    assert set(choices) == {"", *RECIPES}
    expand = vocabulary.context().expand
    for name in RECIPES:
        assert set(recipe(name).name) == {"ko", "en"}
        for mapping in recipe(name).entity:
            assert vocabulary.entity_type(expand(mapping.type)) is not None, (name, mapping.type)
            unknown = [one for one in mapping.attributes if vocabulary.attribute(expand(one)) is None]
            assert not unknown, (name, unknown)
            if name != "organisations":
                assert {"source"} <= set(mapping.attributes), (name, mapping.type)


def test_the_docs_name_every_recipe_and_what_it_needs() -> None:
    document = (Path(__file__).parents[2] / "docs" / "ecosystem-data.md").read_text(encoding="utf-8")
    rows = {
        row[1]: row[2] for row in re.finditer(r"^\| `([a-z0-9-]+)` \|.*\| (.+?) \|$", document, re.MULTILINE)
    }
    needed = {
        name: {
            field
            for mapping in recipe(name).entity
            for _, field in fields_of(mapping)
            if field not in may_lack(name) and not field.startswith("@")
        }
        for name in RECIPES
    }
    # An investment is told from others by the organisations that two columns name
    needed["dart"] |= {"회사명"}
    assert {name: set(columns.split(", ")) for name, columns in rows.items()} == needed


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
def test_contracts_of_the_procurement_service(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "g2b.csv"
    path.write_bytes(CONTRACTS.encode(encoding))
    entities, refused = made("g2b", path)
    first = entities["Contract:R1"]
    assert first["amount"] == {
        "type": "Property", "value": 123_000_000, "unitCode": "KRW", "observedAt": "2024-03-04T15:00:00Z"
    }  # fmt: skip
    assert first["currency"]["value"] == "KRW"
    assert first["date"]["value"] == {"@type": "Date", "@value": "2024-03-05"}
    assert first["dataProvider"]["value"] == "조달청"
    assert first["supplier"]["object"] == f"{ORGANISATION}1248100998"
    assert entities["Organization:1248100998"]["businessNumber"]["value"] == "124-81-00998"
    assert first["supplier"]["observedAt"] == "2024-03-04T15:00:00Z"
    # Rows of a joint contract are one contract of several suppliers
    assert named(entities, entities["Contract:R2"]["supplier"]) == {"(주)가온 테크", "한빛소프트(유)"}
    assert "supplier" not in entities["Contract:R3"]
    assert [one.reason for one in refused] == ["Field '계약금액': '없음' is not a number such as 1,234.5"]
    # Spaces do not make another organisation; another legal form might
    assert sum(name.startswith("Organization") for name in entities) == 4


def test_projects_of_government_research(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["과제고유번호", "국문과제명", "영문과제명", "과제수행기관명", "공동연구기관", "부처명", "연구비합계금액", "총연구기간시작일", "총연구기간종료일"],
        ["1711000001", "도시 자료 연결", "Linking city data", "가온대학교", "(주)가온테크, 한빛소프트", "국토교통부", 350_000_000, "2021-04-01", "2023-12-31"],
        ["1711000001", "도시 자료 연결", "Linking city data", "가온대학교", "새벽연구소", "국토교통부", 350_000_000, "2021-04-01", "2023-12-31"],
    ]  # fmt: skip
    entities, refused = made("ntis", write_excel(tmp_path / "ntis.xlsx", rows), sheet="자료")
    assert refused == []
    project = entities["Project:1711000001"]
    assert project["name"]["languageMap"] == {"ko": "도시 자료 연결", "en": "Linking city data"}
    assert project["amount"]["value"] == 350_000_000
    assert named(entities, project["coordinator"]) == {"가온대학교"}
    assert named(entities, project["participant"]) == {"(주)가온테크", "한빛소프트", "새벽연구소"}
    assert named(entities, project["fundedBy"]) == {"국토교통부"}


def test_patents_without_the_persons_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "kipris.csv"
    path.write_text(
        "출원번호,출원일,발명의 명칭,출원인,발명자,IPC분류,법적상태\n"
        "1020230000001,2023.01.02,신호 제어 방법,주식회사 가온테크|홍길동,임꺽정,G08G 1/07|G06N 3/08,등록\n"
        "1020230000002,2023.01.03,보행 감지 장치,홍길동,홍길동,G06V 20/50,공개\n"
    )
    entities, refused = made("kipris", path)
    assert refused == []
    patent = entities["Technology:1020230000001"]
    assert patent["patentClass"]["value"] == ["G08G 1/07", "G06N 3/08"]
    assert named(entities, patent["ownedBy"]) == {"주식회사 가온테크"}
    assert "ownedBy" not in entities["Technology:1020230000002"]
    assert "홍길동" not in str(entities)
    assert "임꺽정" not in str(entities)


def test_filings(tmp_path: Path) -> None:
    path = tmp_path / "dart.csv"
    path.write_text(
        "corp_code,corp_name,inv_prm,frst_acqs_de,frst_acqs_amount,trmend_blce_qota_rt\n"
        '00999001,가온전자,가온벤처스㈜,1999.01.05,"250,000,000",23.7\n'
        '00999001,가온전자,가온벤처스㈜,1999.01.05,"250,000,000",25.1\n'
        '00999001,가온전자,합계,-,"250,000,000",-\n'
    )
    entities, refused = made("dart", path)
    assert refused == []
    (investment,) = [one for name, one in entities.items() if name.startswith("Investment")]
    assert named(entities, investment["investor"]) == {"가온전자"}
    assert named(entities, investment["investedIn"]) == {"가온벤처스㈜"}
    assert (investment["stake"]["value"], investment["amount"]["value"]) == (23.7, 250_000_000)
    assert sum(name.startswith("Organization") for name in entities) == 2
    path.write_text(
        "접수번호,회사명,고유번호,계약상대,계약내용,계약금액(원),계약(수주)일자\n"
        '20240102000001,가온전자,00999001,나루교통공사,신호 제어기 공급,"7,000,000,000",2024-01-02\n'
    )
    entities, _ = made("dart-contracts", path)
    contract = entities["Contract:20240102000001"]
    assert contract["supplier"]["object"] == f"{ORGANISATION}00999001"
    assert named(entities, contract["buyer"]) == {"나루교통공사"}


def test_organisations_and_ties_of_a_researcher(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "id;name;name_en;설립연도;사업자등록번호;주요제품\n7;가온테크;Gaon Tech;2019;124-81-00998;신호 제어기\n"
    )
    entities, _ = made("organisations", path)
    firm = entities["Organization:7"]
    assert firm["name"]["languageMap"] == {"ko": "가온테크", "en": "Gaon Tech"}
    assert firm["foundingYear"]["value"] == 2019
    path.write_text(
        "project,kind,firm,date,amount,currency\n"
        "P1,,가온테크,2020-05-01,1000,EUR\nP1,,한빛,2020-05-01,1000,EUR\nP2,협력,가온테크;한빛,,,\n"
    )
    entities, refused = made("ties", path)
    assert refused == []
    assert entities["Project:P1"]["amount"]["unitCode"] == "EUR"
    assert named(entities, entities["Project:P1"]["participant"]) == {"가온테크", "한빛"}
    assert named(entities, entities["Partnership:P2"]["participant"]) == {"가온테크", "한빛"}
    assert "observedAt" not in entities["Partnership:P2"]["participant"]


def test_reading_stopped_anywhere_goes_on_with_whole_groups(tmp_path: Path) -> None:
    path = tmp_path / "ties.csv"
    path.write_text("activity,organisation\n" + "".join(f"P{n // 3},F{n}\n" for n in range(100)))
    reading = Reading(str(path), options_by("ties", {}), rows_max=7)
    adapter = adapter_named("table")
    whole = list(adapter.read(reading, {}))
    assert all(len(step.rows) <= 7 for step in whole)
    for stop, step in enumerate(whole):
        rest = [row for one in adapter.read(reading, step.state) for row in one.rows]
        assert rest == [row for one in whole[stop + 1 :] for row in one.rows]


def test_a_row_with_too_many_organisations_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ties.csv"
    path.write_text("activity,organisation\n" + "".join(f"P1,F{n}\n" for n in range(1001)))
    entities, refused = made("ties", path)
    assert entities == {}
    assert "more than 1000 organisations" in refused[0].reason


async def test_a_recipe_in_a_city_file(tmp_path: Path, hub: Hub) -> None:
    """Loaded twice, the second time with nothing to write; what lacks or is not known is said."""
    (tmp_path / "contracts.csv").write_text(CONTRACTS.replace("없음", "5"))
    file = tmp_path / "city.toml"
    file.write_text(CITY + 'recipe = "g2b"\n')
    async with Reader() as reader:
        checked = await check(file, {}, reader)
        assert checked.mistakes == ()
        city = require(checked, file)
    for _ in range(2):
        outcome = await apply(hub, OPEN, city, consent=refuse, progress=lambda _progress: None)
        assert outcome.whole
    counts = await hub.store(OPEN).type_counts(OPEN)
    expand = vocabulary.context().expand
    assert counts == {expand("Contract"): 4, expand("Organization"): 4}
    # The city file's own words go before the recipe's
    (tmp_path / "contracts.csv").write_text("번호,건명,업체명\n1,점검,가온\n")
    file.write_text(CITY + 'recipe = "g2b"\n[source.options.aliases]\n"계약번호" = ["번호"]\n')
    async with Reader() as reader:
        told = (await check(file, {}, reader)).shown("city.toml")
    assert 'no field "계약명"' in told
    assert '[source.options.aliases] "계약명" = ["..."]' in told
    assert "계약금액" not in told


def test_recipes_are_for_tables(tmp_path: Path) -> None:
    file = tmp_path / "city.toml"
    file.write_text(CITY.replace('"table"', '"gtfs"') + 'recipe = "g2b"\n')
    assert 'Recipes are for connector = "table"' in read_city(file, {}).shown("")
    file.write_text(CITY + 'recipe = "g2c"\n')
    assert 'did you mean "g2b"?' in read_city(file, {}).shown("")
