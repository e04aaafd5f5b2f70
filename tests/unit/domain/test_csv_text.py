"""Texts that a spreadsheet must not run."""

import pytest

from bridge.domain.csv_text import csv_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_starts_like_a_formula_is_marked_as_text(text: str) -> None:
    assert csv_text(text) == "'" + text


@pytest.mark.parametrize("text", ["", "Alice", "a=b", "1-2", "'=1"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert csv_text(text) == text
