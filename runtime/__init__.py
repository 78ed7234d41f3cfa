"""What every layer but the domain may use: settings, logs, clock, ids, signals, metrics."""
