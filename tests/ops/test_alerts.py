"""The alert rules: each has an entry in the runbook, and fires when its cause is made."""

import importlib
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pytest

from runtime.measured import FAMILIES
from runtime.metrics import Histogram
from tests.waiting import PATIENCE

yaml: Any = importlib.import_module("yaml")  # it ships no types

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "ops" / "prometheus" / "carnet.rules.yaml"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
(GROUP,) = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in GROUP["rules"]}

ONE = 'job="carnet", instance="one"'
UP = f"up{{{ONE}}}"
BUCKET = "carnet_http_request_duration_seconds_bucket"
COUNT = "carnet_http_request_duration_seconds_count"
READ = f'{ONE}, method="GET", route="/x"'
LAG = "carnet_event_loop_lag_seconds"

WELL = {
    UP: "1x300",
    f"carnet_storage_up{{{ONE}}}": "1x300",
    f'carnet_redis_away{{{ONE}, part="signals", reason="unreachable"}}': "0x300",
    f'carnet_redis_away{{{ONE}, part="signals", reason="credentials"}}': "0x300",
    f'carnet_http_responses_total{{{ONE}, class="2xx"}}': "0+600x300",
    f'carnet_http_responses_total{{{ONE}, class="5xx"}}': "0x300",
    f'{BUCKET}{{{READ}, le="0.25"}}': "0+590x300",
    f"{COUNT}{{{READ}}}": "0+600x300",
    # For a moment, eight minutes before it is looked.
    f'carnet_http_requests_refused_total{{{ONE}, reason="storage_full"}}': "0x111 9x189",
    f'carnet_jobs_oldest_due_seconds{{{ONE}, kind="sync"}}': "0x300",
    f'carnet_jobs_ended_total{{{ONE}, kind="sync", outcome="abandoned"}}': "0x300",
    f"carnet_webhook_deliveries_waiting{{{ONE}}}": "3x300",
    f'carnet_child_process_restarts_total{{{ONE}, process="server"}}': "0x300",
    f'carnet_child_processes_silent{{{ONE}, process="server"}}': "0x300",
    f'{LAG}_bucket{{{ONE}, le="0.25"}}': "0+120x300",
    f"{LAG}_count{{{ONE}}}": "0+120x300",
    f'carnet_postgres_operations_waiting{{{ONE}, pool="read"}}': "0x300",
    f"carnet_sqlite_writes_waiting{{{ONE}}}": "0x300",
    f'carnet_sqlite_file_size_bytes{{{ONE}, file="wal"}}': "4194304x300",
    f"carnet_last_backup_timestamp_seconds{{{ONE}}}": "0x300",
    f'carnet_schedule_last_success_timestamp_seconds{{{ONE}, schedule="prune_jobs"}}': "0+60x300",
    f'carnet_schedule_failures_total{{{ONE}, schedule="prune_jobs"}}': "0x300",
    f"process_open_fds{{{ONE}}}": "100x300",
    f"process_max_fds{{{ONE}}}": "1000x300",
    f'carnet_build_info{{{ONE}, version="1", schema="11"}}': "1x300",
    f'carnet_auth_failures_total{{{ONE}, reason="unknown_key"}}': "0+6x300",
    f'carnet_http_rate_limited_total{{{ONE}, by="sign_in"}}': "0x300",
}
"""Series of a set-up that is well, minute by minute; the clock begins at 0."""


class Cause(NamedTuple):
    """What makes an alert fire: series in place of those that are well; its own labels."""

    series: Mapping[str, str]
    labels: Mapping[str, str] = MappingProxyType({})
    hours: int = 2


ALERT = 'ALERTS{alertname=~"%s", alertstate="firing"}'
INSTANCE = {"instance": "one"}
CAUSES = {
    "CarnetDown": Cause({UP: "1x10 0x290"}, INSTANCE | {"job": "carnet"}),
    "CarnetNotWatched": Cause({UP: "1x10"}, {"job": "carnet"}),
    "CarnetDatabaseAway": Cause({f"carnet_storage_up{{{ONE}}}": "1x10 0x290"}, INSTANCE),
    "CarnetRedisUnreachable": Cause(
        {f'carnet_redis_away{{{ONE}, part="signals", reason="unreachable"}}': "0x10 1x290"},
        INSTANCE,
    ),
    "CarnetRedisRefuses": Cause(
        {f'carnet_redis_away{{{ONE}, part="signals", reason="credentials"}}': "0x10 1x290"},
        INSTANCE,
    ),
    "CarnetStandbyAway": Cause(
        {f'carnet_standby_reads_total{{{ONE}, outcome="away"}}': "0+6x300"}, INSTANCE
    ),
    "CarnetServerErrors": Cause({f'carnet_http_responses_total{{{ONE}, class="5xx"}}': "0+12x300"}),
    "CarnetSlow": Cause({f'{BUCKET}{{{READ}, le="0.25"}}': "0+500x300"}),
    "CarnetNoRoom": Cause(
        {f'carnet_http_requests_refused_total{{{ONE}, reason="storage_full"}}': "0+1x300"}
    ),
    "CarnetJobsWait": Cause(
        {f'carnet_jobs_oldest_due_seconds{{{ONE}, kind="sync"}}': "0+60x300"}, {"kind": "sync"}
    ),
    "CarnetJobAbandoned": Cause(
        {f'carnet_jobs_ended_total{{{ONE}, kind="sync", outcome="abandoned"}}': "0x100 1x200"},
        {"kind": "sync"},
    ),
    "CarnetWebhooksWait": Cause({f"carnet_webhook_deliveries_waiting{{{ONE}}}": "0+60x300"}),
    "CarnetProcessesRestart": Cause(
        {f'carnet_child_process_restarts_total{{{ONE}, process="server"}}': "0+1x300"}, INSTANCE
    ),
    "CarnetProcessHangs": Cause(
        {f'carnet_child_processes_silent{{{ONE}, process="server"}}': "0x10 1x290"}, INSTANCE
    ),
    "CarnetLoopBusy": Cause({f'{LAG}_bucket{{{ONE}, le="0.25"}}': "0+100x300"}, INSTANCE),
    "CarnetPostgresConnectionsShort": Cause(
        {f'carnet_postgres_operations_waiting{{{ONE}, pool="read"}}': "9x300"}, INSTANCE
    ),
    "CarnetWritesQueue": Cause({f"carnet_sqlite_writes_waiting{{{ONE}}}": "500x300"}, INSTANCE),
    "CarnetLogOfWritesGrows": Cause(
        {f'carnet_sqlite_file_size_bytes{{{ONE}, file="wal"}}': "0+9000000x300"}, INSTANCE
    ),
    "CarnetBackupOld": Cause(
        {f"carnet_last_backup_timestamp_seconds{{{ONE}}}": "0x1800"}, hours=28
    ),
    "CarnetNoBackup": Cause({f"carnet_last_backup_timestamp_seconds{{{ONE}}}": "_x1800"}, hours=26),
    "CarnetScheduleStopped": Cause(
        {
            f'carnet_schedule_last_success_timestamp_seconds{{{ONE}, schedule="prune_jobs"}}': (
                "0x300"
            )
        },
        {"schedule": "prune_jobs"},
        hours=4,
    ),
    "CarnetScheduleFails": Cause(
        {f'carnet_schedule_failures_total{{{ONE}, schedule="prune_jobs"}}': "0+1x300"},
        {"schedule": "prune_jobs"},
    ),
    "CarnetFilesRunOut": Cause(
        {f"process_open_fds{{{ONE}}}": "900x300"}, INSTANCE | {"job": "carnet"}
    ),
    "CarnetReleasesDiffer": Cause(
        {f'carnet_build_info{{{ONE}, version="2", schema="12"}}': "1x300"}
    ),
    "CarnetWrongKeys": Cause(
        {f'carnet_auth_failures_total{{{ONE}, reason="unknown_key"}}': "0+900x300"}
    ),
}


def firing(cause: Cause, expr: str, samples: list[dict[str, Any]]) -> dict[str, Any]:
    """A test for promtool: which alerts fire some hours after a cause."""
    series = {**WELL, **cause.series}
    return {
        "interval": "1m",
        "input_series": [{"series": key, "values": value} for key, value in series.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{cause.hours}h", "exp_samples": samples}
        ],
    }


def fires(name: str, cause: Cause) -> dict[str, Any]:
    """A test that an alert fires, with all its labels."""
    state = {"alertname": name, "alertstate": "firing"}
    labels = {**state, **RULES[name]["labels"], **cause.labels}
    shown = ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return firing(cause, ALERT % name, [{"labels": f"ALERTS{{{shown}}}", "value": 1}])


@pytest.mark.debian
def test_each_alert_fires_when_its_cause_is_made_and_not_where_all_is_well(tmp_path):
    tests = [fires(name, cause) for name, cause in CAUSES.items()]
    tests.append(firing(Cause({}), ALERT % ".*", []))
    file = tmp_path / "alerts.yaml"
    wanted = {"rule_files": [str(FILE)], "evaluation_interval": "1m", "tests": tests}
    file.write_bytes(msgspec.json.encode(wanted))
    done = subprocess.run(
        ["promtool", "test", "rules", file],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_cause_and_an_entry_in_the_runbook():
    assert RULES.keys() == CAUSES.keys()
    assert re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE) == list(RULES)
    for name, rule in RULES.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_alerts_ask_for_metrics_that_there_are():
    names = {"up"}
    for family in FAMILIES:
        parts = ("_bucket", "_count", "_sum") if isinstance(family, Histogram) else ("",)
        names |= {f"{family.name}{part}" for part in parts}
    text = " ".join(rule["expr"] for rule in RULES.values())
    assert set(re.findall(r"\b(?:carnet|process|up)(?:_\w+)?\b", text)) - {"carnet"} <= names


def test_the_runbook_names_events_and_metrics_that_there_are():
    logged = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`((?:\w+_)?\w+)` (?:in the log|with its trace|has the)", RUNBOOK))
    assert told
    assert all(f"`{name}`" in logged for name in told - {"readyz"})
    metrics = set(re.findall(r"`(carnet_\w+)`", RUNBOOK))
    assert metrics <= {family.name for family in FAMILIES}
