"""The Grafana dashboard, `ops/grafana/carnet.json`: its queries, and how they are shown.

Grafana's own builder makes the JSON, so that it is of Grafana's schema.
"""

import itertools
import string
from collections.abc import Iterator
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders.common import VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef

WINDOW: Final = "$__rate_interval"
"""What a rate is taken over: Grafana chooses it by the scrape interval."""

_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${source}")
_WIDTH: Final = 8
"""Of a panel, in the 24 columns of Grafana's grid."""


class Shown(NamedTuple):
    """A panel: each of its queries with the name of its lines."""

    title: str
    unit: str
    """As Grafana names it: `s`, `bytes`, `short`, `reqps`, `percentunit`."""
    queries: tuple[tuple[str, str], ...]


def quantile(q: float, metric: str, *by: str) -> str:
    """A quantile of a histogram, by labels."""
    labels = ", ".join(["le", *by])
    return f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket[{WINDOW}])))"


def rate(metric: str, *by: str) -> str:
    """How often a second, by labels."""
    summed = f"sum by ({', '.join(by)})" if by else "sum"
    return f"{summed} (rate({metric}[{WINDOW}]))"


REQUEST: Final = "carnet_http_request_duration_seconds"
STORAGE: Final = "carnet_storage_operation_duration_seconds"
JOB: Final = "carnet_job_duration_seconds"
LAG: Final = "carnet_event_loop_lag_seconds"
RESTARTS: Final = "carnet_child_process_restarts_total"
SCHEDULE: Final = "carnet_schedule_last_success_timestamp_seconds"
JOB_LABEL: Final = "{job='carnet'}"
"""Of metrics that other programs have too."""

ROWS: Final[dict[str, tuple[Shown, ...]]] = {
    "Whether it is well": (
        Shown("Programs that answer", "short", ((f"up{JOB_LABEL}", "{{instance}}"),)),
        Shown(
            "What it stands on",
            "bool_yes_no",
            (
                ("min(carnet_storage_up)", "database answers"),
                ("1 - max(carnet_redis_away)", "Redis answers"),
            ),
        ),
        Shown(
            "Age of the last backup",
            "s",
            (("time() - max(carnet_last_backup_timestamp_seconds)", "backup"),),
        ),
        Shown(
            "Processes",
            "short",
            (
                (
                    "sum by (instance, process) (carnet_child_processes_ready)",
                    "{{instance}} {{process}}",
                ),
            ),
        ),
        Shown(
            "Processes started again",
            "short",
            ((f"sum by (instance) (increase({RESTARTS}[{WINDOW}]))", "{{instance}}"),),
        ),
        Shown(
            "Releases",
            "short",
            (("count by (version, schema) (carnet_build_info)", "{{version}}, schema {{schema}}"),),
        ),
    ),
    "Requests": (
        Shown("Responses", "reqps", ((rate("carnet_http_responses_total", "class"), "{{class}}"),)),
        Shown(
            "Duration of all requests",
            "s",
            (
                (quantile(0.5, REQUEST), "half"),
                (quantile(0.95, REQUEST), "95 %"),
                (quantile(0.99, REQUEST), "99 %"),
            ),
        ),
        Shown(
            "Slowest routes, 95 %",
            "s",
            ((f"topk(5, {quantile(0.95, REQUEST, 'method', 'route')})", "{{method}} {{route}}"),),
        ),
        Shown(
            "Routes asked most",
            "reqps",
            ((f"topk(5, {rate(f'{REQUEST}_count', 'method', 'route')})", "{{method}} {{route}}"),),
        ),
        Shown(
            "At work, and connected",
            "short",
            (
                ("sum(carnet_http_requests_in_flight)", "requests"),
                ("sum(carnet_http_connections_open)", "connections"),
                ("sum(carnet_event_streams_open)", "event streams"),
            ),
        ),
        Shown(
            "Refused",
            "reqps",
            (
                (rate("carnet_http_requests_refused_total", "reason"), "{{reason}}"),
                (rate("carnet_http_rate_limited_total", "by"), "limit of {{by}}"),
                (rate("carnet_auth_failures_total", "reason"), "{{reason}}"),
            ),
        ),
    ),
    "Imports, jobs, webhooks": (
        Shown(
            "Items of batches and syncs",
            "short",
            ((rate("carnet_import_items_total", "outcome"), "{{outcome}}"),),
        ),
        Shown(
            "Jobs ended",
            "short",
            ((rate("carnet_jobs_ended_total", "kind", "outcome"), "{{kind}} {{outcome}}"),),
        ),
        Shown("Duration of jobs, 95 %", "s", ((quantile(0.95, JOB, "kind"), "{{kind}}"),)),
        Shown(
            "Jobs that wait or run",
            "short",
            (("max by (kind, state) (carnet_jobs_unfinished)", "{{kind}} {{state}}"),),
        ),
        Shown(
            "Wait of the oldest job",
            "s",
            (("max by (kind) (carnet_jobs_oldest_due_seconds)", "{{kind}}"),),
        ),
        Shown(
            "Deliveries to webhooks",
            "short",
            (
                (rate("carnet_webhook_deliveries_total", "outcome"), "{{outcome}} a second"),
                ("max(carnet_webhook_deliveries_waiting)", "waiting"),
            ),
        ),
        Shown(
            "Retries answered as before",
            "reqps",
            ((rate("carnet_idempotency_total", "outcome"), "{{outcome}}"),),
        ),
        Shown(
            "Since the last cleaning up",
            "s",
            ((f"time() - max by (schedule) ({SCHEDULE})", "{{schedule}}"),),
        ),
    ),
    "Storage": (
        Shown(
            "Duration of operations, 95 %",
            "s",
            ((quantile(0.95, STORAGE, "operation"), "{{operation}}"),),
        ),
        Shown("Operations", "ops", ((rate(f"{STORAGE}_count", "operation"), "{{operation}}"),)),
        Shown(
            "Connections to Postgres",
            "short",
            (
                ("sum by (pool, state) (carnet_postgres_connections)", "{{pool}} {{state}}"),
                ("sum by (pool) (carnet_postgres_operations_waiting)", "{{pool}} waiting"),
            ),
        ),
        Shown(
            "Reads of trips, with a standby",
            "reqps",
            ((rate("carnet_standby_reads_total", "outcome"), "{{outcome}}"),),
        ),
        Shown(
            "Files of SQLite",
            "bytes",
            (("max by (instance, file) (carnet_sqlite_file_size_bytes)", "{{instance}} {{file}}"),),
        ),
        Shown(
            "Writes of SQLite",
            "short",
            (
                ("sum(carnet_sqlite_writes_waiting)", "waiting"),
                (quantile(0.95, "carnet_sqlite_commit_operations"), "in a commit, 95 %"),
            ),
        ),
    ),
    "Processes": (
        Shown(
            "Processor",
            "percentunit",
            (
                (
                    f"sum by (instance) (rate(process_cpu_seconds_total{JOB_LABEL}[{WINDOW}]))",
                    "{{instance}}",
                ),
            ),
        ),
        Shown("Memory", "bytes", ((f"process_resident_memory_bytes{JOB_LABEL}", "{{instance}}"),)),
        Shown(
            "Lag of the event loops, 99 %",
            "s",
            ((quantile(0.99, LAG, "instance"), "{{instance}}"),),
        ),
        Shown(
            "Open files",
            "percentunit",
            ((f"process_open_fds{JOB_LABEL} / process_max_fds{JOB_LABEL}", "{{instance}}"),),
        ),
    ),
}


def queries() -> Iterator[str]:
    """Every query of the dashboard."""
    for panels in ROWS.values():
        for shown in panels:
            yield from (query for query, _ in shown.queries)


def dashboard() -> str:
    """The dashboard as Grafana imports it; it asks for the Prometheus to use."""
    made = (
        Dashboard("Carnet")
        .uid("carnet")
        .tags(["carnet"])
        .time("now-6h", "now")
        .refresh("30s")
        .with_variable(DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    number = itertools.count(1)
    for title, panels in ROWS.items():
        made = made.with_row(Row(title).id(next(number)))
        for shown in panels:
            made = made.with_panel(_panel(shown).id(next(number)))
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


def _panel(shown: Shown) -> Panel:
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(True)
    panel = Panel().title(shown.title).unit(shown.unit).min(0).legend(legend)
    panel = panel.datasource(_SOURCE).span(_WIDTH).height(8)
    for letter, (query, name) in zip(string.ascii_uppercase, shown.queries, strict=False):
        panel = panel.with_target(Dataquery().expr(query).legend_format(name).ref_id(letter))
    return panel
