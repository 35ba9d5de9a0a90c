"""docs/indicators.md is what the vocabulary says."""

from __future__ import annotations

from scripts.indicators import TARGET, text


def test_the_page_of_indicators_is_what_the_vocabulary_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == text(), "run `make reference` and commit docs/indicators.md"
