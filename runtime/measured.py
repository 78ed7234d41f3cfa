"""Every metric there is (contract section 15).

Names begin with `carnet_`, but for those of processes, which are as all programs have them; they
end in base units, and those of counters in `_total`. Labels have values of tables of ours, and
never an id, a key, a token or an address. All metrics together have 1,000 series at most.
"""

from collections.abc import Iterable
from typing import Final

from domain.resources import RESOURCES
from runtime.metrics import Counter, Family, Gauge, Histogram, Labels, every

# Requests

REQUEST_SECONDS = Histogram(
    "carnet_http_request_duration_seconds",
    "From a request's head to its response, by route; event streams are left out.",
    *("method", "route"),
    bounds=(0.025, 0.25, 1.0),
)
RESPONSES = Counter(
    "carnet_http_responses_total",
    "Responses by the class of their status, also to what is no valid HTTP.",
    "class",
    sets=every(("2xx", "3xx", "4xx", "5xx")),
)
IN_FLIGHT = Gauge("carnet_http_requests_in_flight", "Requests that are being answered.")
CONNECTIONS = Gauge("carnet_http_connections_open", "Connections of clients that are open.")
REFUSED = Counter(
    "carnet_http_requests_refused_total",
    "Requests refused for what no operation looks at: no valid HTTP, too large, no room; and"
    " connections beyond those that an address may have.",
    "reason",
    sets=every(
        (
            *("bad_http", "head_too_large", "connections"),
            *("body_too_large", "bodies_full", "storage_full"),
        )
    ),
)
RATE_LIMITED = Counter(
    "carnet_http_rate_limited_total",
    "Requests over a limit (429), by what was counted.",
    "by",
    sets=every(("key", "session", "address", "wrong_keys", "streams", "sign_in")),
)
AUTH_FAILURES = Counter(
    "carnet_auth_failures_total",
    "Requests whose key, session, password or passkey was not good.",
    "reason",
    sets=every(("no_key", "malformed_key", "unknown_key", "session_over", "password", "passkey")),
)
IDEMPOTENCY = Counter(
    "carnet_idempotency_total",
    "Requests whose Idempotency-Key was known: answered as the first time, or refused.",
    "outcome",
    sets=every(("replayed", "conflict")),
)
EVENT_STREAMS = Gauge("carnet_event_streams_open", "Event streams that are open.")
ITEMS = Counter(
    "carnet_import_items_total",
    "Items of batches and syncs that were committed, by what became of them.",
    *("kind", "outcome"),
    sets=every(
        [resource.kind for resource in RESOURCES], ("created", "updated", "unchanged", "failed")
    ),
)

# Jobs, deliveries and schedules

JOBS_ENDED = Counter(
    "carnet_jobs_ended_total",
    "Jobs that have ended; abandoned ones have ended their worker at each attempt.",
    *("kind", "outcome"),
)
JOB_ATTEMPTS = Counter("carnet_job_attempts_total", "Attempts of jobs that were begun.", "kind")
JOB_SECONDS = Histogram(
    "carnet_job_duration_seconds",
    "What the last attempt of jobs that succeeded took.",
    "kind",
    bounds=(0.1, 1.0, 10.0, 60.0),
)
JOBS_UNFINISHED = Gauge(
    "carnet_jobs_unfinished",
    "Jobs in the database that wait, or are held by a worker.",
    *("kind", "state"),
    together="max",
)
JOB_OLDEST_DUE = Gauge(
    "carnet_jobs_oldest_due_seconds",
    "For how long the job that has waited longest could have been begun; 0 where none waits.",
    "kind",
    together="max",
)
DELIVERIES = Counter(
    "carnet_webhook_deliveries_total",
    "Attempts to tell a webhook something.",
    "outcome",
    sets=every(("succeeded", "failed")),
)
DELIVERIES_WAITING = Gauge(
    "carnet_webhook_deliveries_waiting",
    "Deliveries in the database that are still to be made; of more than 100,000 so many.",
    together="max",
)
WEBHOOKS_DISABLED = Counter(
    "carnet_webhooks_disabled_total", "Webhooks disabled: deliveries failed, or the key is gone."
)
SCHEDULE_LAST_SUCCESS = Gauge(
    "carnet_schedule_last_success_timestamp_seconds",
    "When what is done by the clock was last done, such as dropping what is past its time.",
    "schedule",
    together="max",
)
SCHEDULE_FAILURES = Counter(
    "carnet_schedule_failures_total",
    "Times that what is done by the clock could not be done.",
    "schedule",
)

# Storage

STORAGE_SECONDS = Histogram(
    "carnet_storage_operation_duration_seconds",
    "What reads, writes and look-ups in the database took, with the wait for their turn.",
    "operation",
    bounds=(0.001, 0.01, 0.1, 1.0),
    sets=every(("read", "write", "look_up", "standby")),
)
SQLITE_WRITES_WAITING = Gauge(
    "carnet_sqlite_writes_waiting", "Writes that wait for the one connection that writes."
)
SQLITE_COMMIT_SIZE = Histogram(
    "carnet_sqlite_commit_operations",
    "Writes that share one commit.",
    bounds=(1.0, 4.0, 16.0),
)
SQLITE_BYTES = Gauge(
    "carnet_sqlite_file_size_bytes",
    "Size of the database's file, and of its write-ahead log.",
    "file",
    sets=every(("database", "wal")),
    together="max",
)
POSTGRES_CONNECTIONS = Gauge(
    "carnet_postgres_connections",
    "Connections to Postgres: open, and of those in use.",
    *("pool", "state"),
    sets=every(("read", "write", "standby"), ("open", "in_use")),
)
POSTGRES_WAITING = Gauge(
    "carnet_postgres_operations_waiting",
    "Operations that wait for a connection to Postgres.",
    "pool",
    sets=every(("read", "write", "standby")),
)
STANDBY_READS = Counter(
    "carnet_standby_reads_total",
    "Reads of trips that the standby of storage.read_url answered, and that the primary had to,"
    " since the standby was behind, away, or busy with as many as it is given at a time.",
    "outcome",
    sets=every(("standby", "behind", "away", "busy")),
)
STORAGE_UP = Gauge(
    "carnet_storage_up",
    "Whether the database answered, and within 30 s, when it was last asked for these numbers.",
    together="min",
)
SCHEMA_VERSION = Gauge(
    "carnet_schema_version", "The schema that the database is on.", together="max"
)
BACKUP_AT = Gauge(
    "carnet_last_backup_timestamp_seconds",
    "When `carnet backup` last made a copy; no series where it never has.",
    together="max",
)
BACKUP_BYTES = Gauge(
    "carnet_last_backup_size_bytes", "Size of the copy that it made.", together="max"
)

# Redis

REDIS_AWAY = Gauge(
    "carnet_redis_away",
    "Whether Redis cannot be used, for signals or for rate limits: it cannot be reached, or it"
    " refuses the user or the password.",
    *("part", "reason"),
    sets=every(("signals", "limits"), ("unreachable", "credentials")),
    together="max",
)

# Processes

CHILDREN_READY = Gauge(
    "carnet_child_processes_ready",
    "Processes that `carnet serve` has as children and that do their work.",
    "process",
    sets=every(("server", "worker")),
)
CHILDREN_SILENT = Gauge(
    "carnet_child_processes_silent",
    "Children that have not told within a second what they have measured, as of one that hangs.",
    "process",
    sets=every(("server", "worker")),
)
CHILDREN_RESTARTED = Counter(
    "carnet_child_process_restarts_total",
    "Children that ended, or could not be started, without being told to end.",
    "process",
    sets=every(("server", "worker")),
)
LOOP_LAG = Histogram(
    "carnet_event_loop_lag_seconds",
    "How much later than asked for an event loop did something, seen twice a second.",
    bounds=(0.005, 0.05, 0.25, 1.0),
)
BUILD = Gauge(
    "carnet_build_info",
    "Always 1: the release of what serves or does jobs, its Python, and the schema it expects.",
    *("version", "python", "schema"),
    together="max",
)
CPU = Counter(
    "process_cpu_seconds_total", "Processor time of all processes of the program, ended ones too."
)
MEMORY = Gauge("process_resident_memory_bytes", "Memory of all processes of the program.")
OPEN_FILES = Gauge(
    "process_open_fds", "Open descriptors of the process that has most.", together="max"
)
MOST_FILES = Gauge("process_max_fds", "How many descriptors a process may have.", together="min")
STARTED_AT = Gauge("process_start_time_seconds", "When the program was started.", together="min")

FAMILIES: Final[tuple[Family, ...]] = tuple(
    value for value in list(vars().values()) if isinstance(value, Family)
)
"""All of them, in the order they stand here."""


def redis_is(part: str, away: str = "") -> None:
    """Says why a part of the program cannot use Redis; nothing where it can."""
    for reason in ("unreachable", "credentials"):
        REDIS_AWAY.set(reason == away, part, reason)


def foresee_routes(routes: Iterable[Labels]) -> None:
    """Says which methods and routes there are."""
    REQUEST_SECONDS.foresee(routes)


def foresee_kinds(kinds: Iterable[str]) -> None:
    """Says which kinds of jobs there are."""
    names = tuple(kinds)
    for family in (JOB_ATTEMPTS, JOB_SECONDS, JOB_OLDEST_DUE):
        family.foresee(every(names))
    JOBS_ENDED.foresee(every(names, ("succeeded", "failed", "abandoned")))
    JOBS_UNFINISHED.foresee(every(names, ("queued", "running")))


def foresee_schedules(schedules: Iterable[str]) -> None:
    """Says what is done by the clock."""
    names = tuple(schedules)
    for family in (SCHEDULE_LAST_SUCCESS, SCHEDULE_FAILURES):
        family.foresee(every(names))
