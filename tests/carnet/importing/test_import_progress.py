"""How far an import is, on a terminal and elsewhere."""

import io
import sys

from carnet.importing.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_with_rate_and_time_left(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress(quiet=False) as told:
        told(1_000, 4_000.0)
        told(2_000, 4_000.0)
    assert "2000/4000" in screen.getvalue()
    assert "rows/s" in screen.getvalue()


def test_elsewhere_there_are_plain_lines(monkeypatch, capsys):
    with progress(quiet=False) as told:
        told(5_000, 7_884.0)
    assert capsys.readouterr() == ("", "rows done: 5,000\n")


def test_a_program_that_wants_json_hears_nothing(capsys):
    with progress(quiet=True) as told:
        told(5_000, 7_884.0)
    assert capsys.readouterr() == ("", "")
