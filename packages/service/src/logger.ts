import { durationMs } from '@millrace/config';
import type { TelemetryLogsConfig } from '@millrace/config';
import type { Clock, Logger, LogLevel } from '@millrace/api';

const levels: readonly TelemetryLogsConfig['level'][] = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'];

/** Settings of a log, as in `service::telemetry::logs`. */
export interface LoggerOptions {
  /** The lowest level that is written; above `error` nothing is. */
  readonly level: TelemetryLogsConfig['level'];
  readonly encoding: 'console' | 'json';
  /** Of a warning or error that repeats within `tick` the first `initial` and then every `thereafter`th are written. Default: all are. */
  readonly sampling?: TelemetryLogsConfig['sampling'] | undefined;
  /** Fields of every line. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
  readonly write: (line: string) => void;
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Error ? value.message : value;
}

/**
 * Writes log lines as the Collector does: tab-separated for people (`console`) or one JSON object a line. Lines of the levels
 * debug and info are never sampled: the debug exporter's output is among them.
 */
export function createLogger(options: LoggerOptions): Logger {
  const lowest = levels.indexOf(options.level);
  const sampling = options.sampling?.enabled === true ? options.sampling : undefined;
  const tickMs = sampling === undefined ? 0 : durationMs(sampling.tick);
  const seen = new Map<string, number>();
  let tickEndMs = 0;

  const sampledOut = (message: string): boolean => {
    if (sampling === undefined) return false;
    const now = options.clock.now();
    if (now >= tickEndMs) {
      seen.clear();
      tickEndMs = now + tickMs;
    }
    const count = (seen.get(message) ?? 0) + 1;
    seen.set(message, count);
    return count > sampling.initial && (sampling.thereafter === 0 || (count - sampling.initial) % sampling.thereafter !== 0);
  };

  const log = (level: LogLevel): Logger[LogLevel] => {
    if (levels.indexOf(level) < lowest) return () => {};
    const mayRepeat = level === 'warn' || level === 'error';
    return (message, attributes) => {
      if (mayRepeat && sampledOut(message)) return;
      const timestamp = new Date(options.clock.now()).toISOString();
      const fields = { ...options.fields, ...attributes };
      if (options.encoding === 'json') {
        options.write(`${JSON.stringify({ level, ts: timestamp, msg: message, ...fields }, plain)}\n`);
        return;
      }
      const text = Object.keys(fields).length === 0 ? '' : `\t${JSON.stringify(fields, plain)}`;
      options.write(`${timestamp}\t${level}\t${message}${text}\n`);
    };
  };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
