"""The description as tests look into it."""

import functools
import operator
from typing import Any

import jsonschema
import msgspec

from server.openapi.document import describe
from server.routes import ROUTES

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(describe(ROUTES)))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
"""Every operation, by method and path."""


def resolved(value: Any) -> Any:
    """What a reference names, or the value itself."""
    if "$ref" not in value:
        return value
    return functools.reduce(operator.getitem, value["$ref"].split("/")[1:], DOCUMENT)


def responses_of(at: tuple[str, str]) -> dict[str, Any]:
    """The responses of an operation, by status."""
    return {status: resolved(each) for status, each in OPERATIONS[at]["responses"].items()}


def parameters_of(at: tuple[str, str]) -> list[dict[str, Any]]:
    """The parameters of an operation."""
    return [resolved(each) for each in OPERATIONS[at].get("parameters", ())]


def errors_in(value: Any, schema: dict[str, Any]) -> list[str]:
    """What a value has against a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    checker = jsonschema.Draft202012Validator(
        whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [error.message for error in checker.iter_errors(value)]
