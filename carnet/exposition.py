"""Metrics as text: Prometheus' format 0.0.4, and OpenMetrics 1.0.0."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from runtime.metrics import Family, Histogram, Labels, Snapshot

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})
_VALUE_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def media_type_for(accept: str) -> str:
    """The media type that a client wants, by its `Accept` header (RFC 9110 section 12.5.1)."""
    wanted = dict(map(_weighed, accept.split(",")))
    openmetrics, text = wanted.get("application/openmetrics-text", 0), wanted.get("text/plain", 0)
    return OPENMETRICS if openmetrics > 0 and openmetrics >= text else TEXT


def _weighed(media_range: str) -> tuple[str, float]:
    """A media type with its weight; 0 of a version of OpenMetrics that is not ours."""
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    given = dict(parameter.partition("=")[::2] for parameter in parameters)
    if name == "application/openmetrics-text" and given.get("version", "1.0.0") != "1.0.0":
        return "", 0
    try:
        return name, float(given.get("q", 1))
    except ValueError:
        return name, 0


def rendered(families: Iterable[Family], measured: Snapshot, media_type: str) -> bytes:
    """What was measured, as text of a media type."""
    openmetrics = media_type == OPENMETRICS
    lines: list[str] = []
    for family in families:
        if rows := measured.get(family.name):
            # In OpenMetrics `_total` is no part of a counter's name, but of its sample's.
            name = family.name.removesuffix("_total") if openmetrics else family.name
            lines.append(f"# HELP {name} {family.help.translate(_HELP_ESCAPES)}\n")
            lines.append(f"# TYPE {name} {family.type}\n")
            lines += _samples(family, rows)
    if openmetrics:
        lines.append("# EOF\n")
    return "".join(lines).encode()


def _samples(family: Family, rows: Sequence[tuple[Labels, Sequence[float]]]) -> Iterator[str]:
    for values, numbers in sorted(rows):
        labels = ",".join(
            f'{name}="{value.translate(_VALUE_ESCAPES)}"'
            for name, value in zip(family.labels, values, strict=True)
        )
        shown = f"{{{labels}}}" if labels else ""
        if not isinstance(family, Histogram):
            yield f"{family.name}{shown} {_number(numbers[0])}\n"
            continue
        *counts, total = numbers
        before = f"{labels}," if labels else ""
        bounds = [*map(str, family.bounds), "+Inf"]
        for bound, count in zip(bounds, itertools.accumulate(counts), strict=True):
            yield f'{family.name}_bucket{{{before}le="{bound}"}} {_number(count)}\n'
        yield f"{family.name}_sum{shown} {_number(total)}\n"
        yield f"{family.name}_count{shown} {_number(sum(counts))}\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
