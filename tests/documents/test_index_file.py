"""Price indices in files: as offices publish them, and what is wrong by line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from usance.documents.index_file import read_figures
from usance.domain.errors import Invalid


def test_months_come_in_the_first_column_and_figures_in_the_second() -> None:
    text = "\ufeffmonth,value\n2025-01, 317.671\n2025-02,319.082\n\n"
    assert read_figures(text, "cpi.csv") == {
        date(2025, 1, 1): Decimal("317.671"),
        date(2025, 2, 1): Decimal("319.082"),
    }


def test_a_month_that_was_not_published_is_passed_over() -> None:
    # October 2025 was never collected; FRED leaves the cell empty, and writes a point elsewhere.
    text = "observation_date,CPIAUCNS\n2025-09-01,324.800\n2025-10-01,\n2025-11-01,.\n"
    assert read_figures(text, "CPIAUCNS.csv") == {date(2025, 9, 1): Decimal("324.800")}


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("", "EmptyFile", "cpi.csv"),
        ("month,value\n", "EmptyFile", "cpi.csv"),
        ("month,value\n2025-01,1,2\n", "UnreadableFile", "cpi.csv:2"),
        ("month,value,note\n2025-01,1,x\n", "UnreadableFile", "cpi.csv:2"),
        ("month,month\n2025-01,1\n", "UnreadableFile", "cpi.csv:1"),
        ('month,value\n2025-01,"1\n', "UnreadableFile", "cpi.csv:2"),
        ("month,value\n2025-01,1\n2025-01,1\n", "DuplicateMonth", "cpi.csv:3"),
        ("month,value\nJan 25,1\n", "InvalidMonth", "cpi.csv:2"),
        ("month,value\n2025-01,1,5\n", "UnreadableFile", "cpi.csv:2"),
        ("month,value\n2025-01,high\n", "InvalidNumber", "cpi.csv:2"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(text: str, code: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_figures(text, "cpi.csv")
    assert (refused.value.problems[0].code, refused.value.problems[0].path) == (code, path)


def test_every_wrong_line_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        read_figures("month,value\nx,1\n2025-01,y\n", "cpi.csv")
    assert [each.path for each in refused.value.problems] == ["cpi.csv:2", "cpi.csv:3"]
