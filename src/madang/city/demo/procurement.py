"""Contracts with neighbouring cities as the national procurement service exports them: a table in CP949 that names who
buys and who supplies in its own spelling. What it names are organisations that the register of firms has too, so that
somebody has to find out who is the same.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from madang.business_numbers import written
from madang.city.demo.firms import Actor

_TITLE: Final = "계약 현황 (조회 결과)"
_COLUMNS: Final = (
    "계약번호", "계약명", "계약금액(원)", "계약체결일자", "계약방법", "수요기관명", "업체명", "사업자등록번호",
)  # fmt: skip
_BUYERS: Final = (
    "한울도 나래시",
    "한울도 두물군",
    "여울시",
    "한울도",
    "가온교육지원청",
    "가온시 상수도사업소",
)
_WAYS: Final = ("수의계약", "제한경쟁", "일반경쟁")
_SUPPLIERS: Final = 14
_CONTRACTS: Final = 24
_DAY: Final = 3
_MILLION: Final = 1_000_000


def write_procurement(actors: Sequence[Actor], today: date, seed: int, path: Path) -> None:
    """The export, with a title above its header as such files have."""
    random = np.random.default_rng([seed, 22])
    firms = [actor for actor in actors if actor.firm and actor.number and actor.layer != "outside"]
    chosen = [firms[int(place)] for place in random.permutation(len(firms))[:_SUPPLIERS]]
    rows: list[tuple[str, ...]] = []
    for number in range(_CONTRACTS):
        place = number % _SUPPLIERS
        firm = chosen[place]
        day = today - timedelta(days=int(random.integers(30, 1400)))
        rows.append((
            f"R{day:%y}TA{int(random.integers(10_000_000, 100_000_000))}",
            f"{firm.topic.ko} {('구매', '설치', '용역')[int(random.integers(3))]}",
            f"{int(random.integers(8, 260)) * _MILLION:,}",
            day.isoformat(),
            _WAYS[int(random.integers(3))],
            _BUYERS[int(random.integers(len(_BUYERS)))],
            spelled(firm, place),
            written(firm.number) if place % 2 else "",
        ))  # fmt: skip
    rows.sort(key=lambda row: row[_DAY])
    with path.open("w", encoding="cp949", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([_TITLE])
        writer.writerow(_COLUMNS)
        writer.writerows(rows)


def spelled(firm: Actor, turn: int) -> str:
    """A firm's name as somebody else writes it: with a form of company before or after it, with a space, or in English."""
    korean = firm.name.ko
    forms = (
        f"주식회사 {korean}",
        f"(주){korean}",
        f"{korean}(주)",
        f"㈜ {korean}",
        f"{korean} 주식회사",
        f"{firm.name.en} Co., Ltd.",
        f"(주) {korean[:-2]} {korean[-2:]}",
    )
    return forms[turn % len(forms)]
