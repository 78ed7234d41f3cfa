"""Memory that reading takes, whatever the file: measured in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats.repeated import FILES

ROOT = Path(__file__).parent.parent.parent
MOST_MIB = 100
"""Of an interpreter with the readers, which is 25 of these."""


@pytest.mark.parametrize("name", FILES)
def test_no_file_takes_more_memory_than_it_may(name):
    command = [sys.executable, "-m", "tests.formats.repeated", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["peak"] < MOST_MIB, told
    assert told["found"] or told["ended"], told
