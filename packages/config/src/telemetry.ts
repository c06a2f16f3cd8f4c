/** `service.telemetry`: the Collector's own logs, metrics and traces, with defaults filled in. */
export interface TelemetryConfig {
  readonly logs: TelemetryLogsConfig;
  readonly metrics: {
    readonly level: 'none' | 'basic' | 'normal' | 'detailed';
    /** As written, or the Collector's default (one pull reader, Prometheus on localhost:8888). */
    readonly readers: readonly unknown[];
    readonly views?: readonly unknown[];
  };
  readonly traces: {
    readonly level: 'none' | 'basic' | 'normal' | 'detailed';
    readonly propagators: readonly string[];
    readonly processors: readonly unknown[];
  };
  /** Attributes to add to the default ones; null takes a default one away. Both ways of writing them end here. */
  readonly resource: ReadonlyMap<string, unknown>;
}

/** `service.telemetry.logs`. */
export interface TelemetryLogsConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'dpanic' | 'panic' | 'fatal';
  readonly encoding: 'console' | 'json';
  readonly development: boolean;
  readonly disable_caller: boolean;
  readonly disable_stacktrace: boolean;
  readonly disable_zap_resource: boolean;
  /** Of identical messages within `tick` (a Go duration) the first `initial` are written, then one in `thereafter`. */
  readonly sampling?: { readonly enabled: boolean; readonly tick: string; readonly initial: number; readonly thereafter: number };
  /** Files, `stdout` or `stderr`. */
  readonly output_paths: readonly string[];
  readonly error_output_paths: readonly string[];
  readonly initial_fields: Readonly<Record<string, unknown>>;
  readonly processors: readonly unknown[];
}
