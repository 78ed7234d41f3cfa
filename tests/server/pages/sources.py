"""What templates, modules and scripts of the pages name: words, icons, files."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from server.pages.render import _environment

PAGES = Path(__file__).parents[3] / "server" / "pages"
TEMPLATES = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((PAGES / "templates").rglob("*.*"))
}
MODULES = {
    str(path.relative_to(PAGES)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PAGES.rglob("*.py"))
}
TREES = {name: _environment().parse(source) for name, source in TEMPLATES.items()}


@functools.cache
def texts() -> frozenset[str]:
    """Every text that stands in a template's code or in a module, docstrings too."""
    return frozenset(_texts())


def _texts() -> Iterator[str]:
    for tree in TREES.values():
        yield from _consts(tree)
    for module in MODULES.values():
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def beginnings() -> Iterator[str]:
    """What stands before the first value in every text that is put together."""
    for tree in TREES.values():
        for joined in tree.find_all(nodes.Concat):
            yield from _consts(joined.nodes[0])
    for module in MODULES.values():
        for node in ast.walk(module):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield str(node.values[0].value)


def named_by(function: str) -> Iterator[str]:
    """Every text that may be the first argument of a function in a template."""
    for tree in TREES.values():
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == function:
                yield from _values(call.args[0])


def _values(expression: nodes.Expr) -> Iterator[str]:
    """What an expression may be, as far as it is written there."""
    if isinstance(expression, nodes.Const):
        yield str(expression.value)
    elif isinstance(expression, nodes.CondExpr):
        yield from _values(expression.expr1)
        if expression.expr2 is not None:
            yield from _values(expression.expr2)


def _consts(node: nodes.Node) -> Iterator[str]:
    consts = [node] if isinstance(node, nodes.Const) else node.find_all(nodes.Const)
    yield from (each.value for each in consts if isinstance(each.value, str))
