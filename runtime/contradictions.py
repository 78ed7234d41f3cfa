"""What settings that are right by themselves may not be beside each other."""

import importlib.util
import ipaddress
from collections.abc import Iterator

from runtime.settings import Settings


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Settings that are right by themselves but not beside others, each with the reason."""
    http = settings.http
    if http.max_inflight_bytes < http.max_body_bytes:
        yield (
            "http.max_inflight_bytes",
            f"must be at least http.max_body_bytes, which is {http.max_body_bytes}",
        )
    if http.processes > 1 and not settings.queue.url:
        yield (
            "queue.url",
            "must be set where http.processes is above 1: several processes share their limits and"
            " signals through Redis",
        )
    if settings.storage.read_url and settings.storage.url.startswith("sqlite:"):
        yield (
            "storage.url",
            "must be set where storage.read_url is, to a Postgres: SQLite has no standby",
        )
    if "*" in http.cors_origins and len(http.cors_origins) > 1:
        yield "http.cors_origins", "must be * alone, or a list of origins without it"
    retention = settings.retention
    if retention.idempotency_hours > retention.jobs_days * 24:
        yield (
            "retention.idempotency_hours",
            f"must be at most {retention.jobs_days * 24}, the hours of retention.jobs_days: the"
            " answer to a retry may be a job's result",
        )
    oidc, mail = settings.oidc, settings.mail
    if oidc.issuer and not oidc.client_id:
        yield "oidc.client_id", "must be set where oidc.issuer is: the provider has given you one"
    if oidc.client_id and not oidc.issuer:
        yield "oidc.issuer", "must be set where oidc.client_id is"
    if oidc.issuer and links_stay_here(settings):
        yield (
            "http.public_url",
            "must be set where oidc.issuer is, since the provider leads people back there",
        )
    if settings.tracing.endpoint and not _has_opentelemetry():
        yield (
            "tracing.endpoint",
            "must be empty, or OpenTelemetry be installed: pip install 'carnet[tracing]'",
        )
    if mail.url and not mail.sender:
        yield "mail.sender", "must be set where mail.url is: e-mail is from somebody"
    if mail.sender and not mail.url:
        yield "mail.url", "must be set where mail.sender is"


def links_stay_here(settings: Settings) -> bool:
    """Whether the server listens for other machines while its links name this one only."""
    http = settings.http
    return not http.public_url and (bool(http.socket) or not _is_loopback(http.host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _has_opentelemetry() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False
