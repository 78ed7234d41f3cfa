"""The document on security is true: each claim has its test, or says that it has none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", SECURITY)))
CLAIMS = re.findall(r"^\| (.+?) \| (.+) \| (.*?) ?\|$", SECURITY, re.MULTILINE)
ROWS = [row for row in CLAIMS if len(row) == 3 and re.match(r"(?:API\d+|V\d+(?:\.\d+)*)\b", row[0])]


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_each_test_that_is_named_is_there(file, name):
    path = ROOT / file
    assert path.is_file(), file
    assert re.search(rf"^(?:async )?def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].split(" ")[0])
def test_each_requirement_has_a_test_or_says_why_it_has_none(row):
    _, does, shown = row
    assert "`tests/" in shown or "**No test**" in shown or "**Not done**" in does


def test_all_ten_risks_are_there():
    numbers = [match[1] for row in ROWS if (match := re.match(r"API(\d+) ", row[0]))]
    assert numbers == [str(n) for n in range(1, 11)]


@pytest.mark.parametrize("chapter", ["V6.1", "V6.2", "V6.3", "V6.4", "V6.5", "V6.6", "V6.8"])
def test_every_section_on_authentication_is_there(chapter):
    assert any(chapter in row[0] for row in ROWS)


@pytest.mark.parametrize("chapter", ["V7.1", "V7.2", "V7.3", "V7.4", "V7.5", "V7.6"])
def test_every_section_on_sessions_is_there(chapter):
    assert any(chapter in row[0] for row in ROWS)
