"""The benchmarks run. What they measure is no business of a test."""

import pytest
import uvloop

from bench.__main__ import PIECES, run
from bench.figures import Figure, Scale, at_least, at_most, report, table

SMOKE = Scale(
    name="smoke",
    rounds=1,
    round_seconds=0.1,
    large_trip=400,
    repetitions=2,
    imports=2,
    import_items=300,
    latency_seconds=0.2,
    starts=1,
)


@pytest.mark.parametrize("piece", PIECES)
def test_every_piece_gives_figures(piece):
    figures = uvloop.run(run([piece], SMOKE))
    assert figures
    assert all(figure.claim and figure.figure for figure in figures)


def test_the_report_has_a_row_for_each_figure():
    figures = [at_most("a", 1.2, 1.3, "1.20"), at_least("b", 0.1, 0.25, "0.10"), Figure("c", "7")]
    assert [figure.verdict for figure in figures] == ["ok", "MISS", ""]
    rows = table(figures).splitlines()
    assert len(rows) == 2 + len(figures)
    assert len({len(row) for row in rows}) == 1
    assert table(figures) in report(figures, SMOKE)
