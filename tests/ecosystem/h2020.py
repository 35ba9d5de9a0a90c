"""The participations in Horizon 2020 of April 2016, as `ties`."""

from __future__ import annotations

from functools import cache

from tests.connect.real_files import real_data

import madang.ecosystem as eco

COLUMNS = eco.Columns(organisation="new_org_id", activity="projectRcn")


@cache
def h2020() -> eco.Ties:
    return eco.ties_of_frame(eco.read_table(real_data() / "h2020" / "edges.csv"), columns=COLUMNS)


def names() -> dict[str, str]:
    table = eco.read_table(real_data() / "h2020" / "unique_org.csv")
    return dict(zip(table["new_org_id"], table["shortName"], strict=True))
