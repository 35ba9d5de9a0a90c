"""Rewriting stored bytes under another @context says what rendering the decoded entity says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ngsild.strategies import entities
from tests.store.test_plan_selects import stored

from madang.ngsild.context import CORE, Context
from madang.ngsild.parse import parse_entity
from madang.ngsild.representation import render_whole
from madang.store.sqlite.codec import Terms, decode_entity
from madang.store.sqlite.connection import open_reader
from madang.store.sqlite.rewrite import COLUMNS as REWRITTEN
from madang.store.sqlite.rewrite import Rewriter
from madang.store.sqlite.row_sight import COLUMNS

OTHER = Context.from_terms(
    {
        "a%d": CORE.expand("a"),
        "tempo": CORE.expand("speed"),
        "Thing2": CORE.expand("Thing"),
        "inner": CORE.expand("accuracy"),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(raw=st.lists(entities(), min_size=1, max_size=12))
def test_rewritten_is_rendered(raw: list[dict[str, Any]]) -> None:
    given_entities = [
        parse_entity({**members, "id": f"urn:x:{number}"}, CORE) for number, members in enumerate(raw)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.sqlite3"
        stored(path, given_entities, [])
        connection = open_reader(path)
        terms = Terms(connection)
        for context in (CORE, OTHER):
            write = Rewriter(context, terms)
            # Twice, because what is written first is what the others are made of
            for _ in range(2):
                rows: list[Any] = connection.execute(
                    f"SELECT {REWRITTEN}, {COLUMNS} FROM entity e"
                ).fetchall()
                for row in rows:
                    expected = orjson.loads(render_whole(decode_entity(row[4:], terms), context))
                    assert orjson.loads(write(row[:4])) == expected
        connection.close()
