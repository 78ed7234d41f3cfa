"""JSON Merge Patch (RFC 7396) and the comparison that goes with it."""

from typing import Any

import msgspec

Document = dict[str, Any]

_MISSING: Any = object()
_canonical = msgspec.json.Encoder(order="deterministic")


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396 section 2: what `target` becomes under `patch`; neither is changed.

    Absent members stay, null members go, objects merge member by member, and everything
    else, arrays included, is replaced whole.
    """
    if not isinstance(patch, dict):
        return patch
    present = target if isinstance(target, dict) else {}
    merged = {**present, **patch}
    for name, value in patch.items():
        if value is None:
            del merged[name]
        elif isinstance(value, dict):
            merged[name] = merge(present.get(name), value)
    return merged


def leaves(document: Document, patch: Document) -> bool:
    """Whether `document` plainly stays what it is under a patch: most of an import sent again.

    False where only a merge can show it.
    """
    for name, value in patch.items():
        stored = document.get(name)
        if type(stored) is not type(value) or stored != value or value is None:
            return False
        if isinstance(value, dict | list) and not same(stored, merge(stored, value)):
            return False
    return True


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal, the order of members and the spelling of numbers aside.

    Python alone would take `true` for `1`, and a change from one to the other would be lost.
    """
    if a is b:
        return True
    return a == b and (_canonical.encode(a) == _canonical.encode(b) or _same_kinds(a, b))


def _same_kinds(a: Any, b: Any) -> bool:
    """Whether two values that Python finds equal have their booleans in the same places."""
    if isinstance(a, dict):
        return all(_same_kinds(value, b[name]) for name, value in a.items())
    if isinstance(a, list):
        return all(map(_same_kinds, a, b))
    return isinstance(a, bool) == isinstance(b, bool)


def diff(before: Document, after: Document) -> dict[str, dict[str, Any]]:
    """The members that differ: `{"field": {"from": ..., "to": ...}}`, null where not set."""
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in names
        if not same(before.get(name, _MISSING), after.get(name, _MISSING))
    }
