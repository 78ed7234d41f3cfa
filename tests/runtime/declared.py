"""Values that a setting may and may not have, as it is declared."""

from typing import Any

import hypothesis
import msgspec
from hypothesis import strategies as st
from msgspec import inspect as types

from domain.shape import bare
from runtime.settings import Settings

FIELDS = {
    f"{section.name}.{field.name}": field
    for section in msgspec.structs.fields(Settings)
    for field in msgspec.structs.fields(section.type)
}


def others(setting: str) -> list[Any]:
    """Values a setting may have beside its default."""
    default = FIELDS[setting].default
    match _kind(setting):
        case types.BoolType():
            return [not default]
        case types.LiteralType(values=values):
            return [value for value in values if value != default]
        case types.IntType(ge=least, le=most) | types.FloatType(ge=least, le=most):
            ends = [end for end in (least, most) if end is not None]
            return [end for end in ends if end != default] or [default + 1]
        case types.StrType(pattern=str(pattern)):
            texts = st.from_regex(pattern, fullmatch=True)
            return [hypothesis.find(texts, lambda text: text.isprintable() and text != default)]
        case types.StrType():
            return [f"{default}x"]
    raise TypeError(f"{setting}: say in test_settings.py which values it may have")


def wrong(setting: str) -> list[Any]:
    """Values a setting may not have."""
    match _kind(setting):
        case types.BoolType() | types.LiteralType():
            return ["nonsense"]
        case types.IntType(ge=least, le=most) | types.FloatType(ge=least, le=most):
            beyond = [(least, -1), (most, 1)]
            return ["nonsense", *(end + step for end, step in beyond if end is not None)]
        case types.StrType():
            return [1]
    raise TypeError(f"{setting}: say in test_settings.py which values it may not have")


def _kind(setting: str) -> types.Type:
    return bare(types.type_info(FIELDS[setting].type))
