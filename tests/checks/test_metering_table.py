"""docs/metering.md: every row names a test, every test that is named exists, and every column has a row."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "metering.md").read_text()
NAME = re.compile(r"`(test_[a-z0-9_]+|[a-z0-9]+(?:_[a-z0-9]+){2,})`")


def rows():
    """(line number, cells) of every row of every table, heads left out."""
    is_head = True
    for number, line in enumerate(PAGE.splitlines(), 1):
        if not line.startswith("|"):
            is_head = True
        elif is_head or set(line) <= set("|-"):
            is_head = False
        else:
            yield number, [cell.strip() for cell in line.strip("|").split("|")]


def tests_there_are():
    """Functions of pytest and cmocka, and the names that a test's table of rows gives its tests."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*"):
        text = path.read_text() if path.suffix in (".py", ".c") else ""
        found |= set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
        found |= set(re.findall(r"^static void (\w+)\(void \*\*", text, re.MULTILINE))
        found |= set(re.findall(r'^\s+[A-Z]+\(\s*"(\w+)",', text, re.MULTILINE))
    return found


THERE = tests_there_are()


@pytest.mark.parametrize("number, cells", list(rows()), ids=lambda value: str(value) if isinstance(value, int) else value[0])
def test_a_row_names_tests_that_exist(number, cells):
    named = NAME.findall(cells[-1])
    assert named, f"line {number} names no test: {cells[-1]}"
    assert cells[-1] == ", ".join(f"`{name}`" for name in named), f"line {number}: {cells[-1]}"
    missing = [name for name in named if name not in THERE]
    assert not missing, f"line {number}: no test is called {missing}"


def test_every_column_has_a_row():
    columns = re.findall(r"^    X\((\w+)\)", (ROOT / "common" / "base" / "usage.h").read_text(), re.MULTILINE)
    assert len(columns) == 16
    said = {name for _, cells in rows() for cell in cells[:-1] for name in re.findall(r"`(\w+)`", cell)}
    assert not set(columns) - said


def test_a_name_that_nobody_bears_is_found():
    assert "chat_tells_prompt_and_completion" in THERE and "test_without_usage_every_choice_is_counted" in THERE
    assert "chat_tells_nothing_at_all" not in THERE
