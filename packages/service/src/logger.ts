import { durationMs } from '@millrace/config';
import type { TelemetryLogsConfig } from '@millrace/config';
import type { Clock, Logger, LogLevel } from '@millrace/api';
import { redactFields } from '@millrace/redaction';
import { trace } from '@opentelemetry/api';
import { pino } from 'pino';
import type { Logger as Pino } from 'pino';
import { consoleLine } from './console-line.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A line of the log before it is text. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  /** Of the component that wrote it. */
  readonly component: Fields;
  /** Of this line; redacted, and plain: no errors or bigints in it. */
  readonly attributes: Fields;
  /** The span of millrace's own in which it was written: ids in hex. */
  readonly traceId?: string;
  readonly spanId?: string;
}

/** Settings of a log, as in `service::telemetry::logs`. */
export interface LoggerOptions {
  /** The lowest level that is written; above `error` nothing is. */
  readonly level: TelemetryLogsConfig['level'];
  readonly encoding: 'console' | 'json';
  /** Of a warning or error that repeats within `tick` the first `initial` and then every `thereafter`th are written. Default: all are. */
  readonly sampling?: TelemetryLogsConfig['sampling'] | undefined;
  /** From which level on an error among the fields shows its stack. Default: never. */
  readonly stackFrom?: 'warn' | 'error';
  /** Fields of every line. */
  readonly fields?: Fields;
  readonly clock: Clock;
  readonly write: (line: string) => void;
  /** Is given every line that is written. */
  readonly onRecord?: (record: LogRecord) => void;
}

/** One log for the whole program: hands out loggers that add the fields of their component to each line. Their sampling is common. */
export type LogSource = (component?: Fields) => Logger;

/**
 * Writes log lines as the Collector does: tab-separated for people (`console`) or one JSON object a line. Among the fields, what looks like a
 * secret, the user and password of a URL, and the content of AI requests are `[REDACTED]`. Inside one of millrace's own spans a line has its `trace_id` and `span_id`. Lines of the levels
 * debug and info are never sampled: the debug exporter's output is among them.
 */
export function createLogs(options: LoggerOptions): LogSource {
  const { clock, encoding, stackFrom, onRecord } = options;
  const sampledOut = createSampler(options);
  const write = encoding === 'json' ? options.write : (line: string): void => options.write(consoleLine(line));
  const settings = {
    level: ['debug', 'info', 'warn', 'error'].includes(options.level) ? options.level : 'silent',
    base: null,
    messageKey: 'msg',
    timestamp: () => `,"ts":"${new Date(clock.now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const root = pino(settings, { write });
  return (component = {}) => {
    const bindings = redactFields({ ...options.fields, ...component });
    const child = Object.keys(bindings).length === 0 ? root : root.child(plainFields(bindings));
    const log = (level: LogLevel): Logger[LogLevel] => {
      if (!child.isLevelEnabled(level)) return () => {};
      const mayRepeat = level === 'warn' || level === 'error';
      const showsStack = stackFrom !== undefined && mayRepeat && (level === 'error' || stackFrom === 'warn');
      return (message, attributes) => {
        if (mayRepeat && sampledOut(message)) return;
        const own = attributes === undefined ? {} : plainFields(redactFields(attributes));
        const span = spanFields();
        const stack = showsStack ? stackOf(attributes) : undefined;
        writeLine(child, level, message, { ...own, ...span, ...(stack !== undefined && { stacktrace: stack }) });
        onRecord?.({
          timeMs: clock.now(),
          level,
          message,
          component,
          attributes: stack === undefined ? own : { ...own, 'exception.stacktrace': stack },
          ...(span !== undefined && { traceId: span.trace_id, spanId: span.span_id }),
        });
      };
    };
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  };
}

/** One logger of a log of its own. */
export function createLogger(options: LoggerOptions): Logger {
  return createLogs(options)();
}

function writeLine(logger: Pino, level: LogLevel, message: string, fields: Fields): void {
  // A per cent sign in a message is no place holder.
  logger[level]({ ...fields, msg: message });
}

function createSampler({ sampling, clock }: LoggerOptions): (message: string) => boolean {
  if (sampling?.enabled !== true) return () => false;
  const tickMs = durationMs(sampling.tick);
  const seen = new Map<string, number>();
  let tickEndMs = 0;
  return (message) => {
    const now = clock.now();
    if (now >= tickEndMs) {
      seen.clear();
      tickEndMs = now + tickMs;
    }
    const count = (seen.get(message) ?? 0) + 1;
    seen.set(message, count);
    return count > sampling.initial && (sampling.thereafter === 0 || (count - sampling.initial) % sampling.thereafter !== 0);
  };
}

function spanFields(): { readonly trace_id: string; readonly span_id: string } | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? undefined : { trace_id: span.traceId, span_id: span.spanId };
}

function stackOf(attributes: Fields = {}): string | undefined {
  const error = Object.values(attributes).find((value) => value instanceof Error);
  return error instanceof Error ? error.stack : undefined;
}

/** Fields that JSON can hold: errors by their message, exact integers as text. */
function plainFields(fields: Fields): Record<string, unknown> {
  const needsWork = Object.values(fields).some((value) => typeof value === 'object' || typeof value === 'bigint' || hasCredentials(value));
  return needsWork ? (JSON.parse(JSON.stringify(fields, plain)) as Record<string, unknown>) : { ...fields };
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  const text = value instanceof Error ? value.message : value;
  return hasCredentials(text) ? text.replaceAll(userInfo, '//[REDACTED]@') : text;
}

/** What stands before the host of a URL. */
const userInfo = /\/\/[^\s/@"']+@/g;

function hasCredentials(value: unknown): value is string {
  return typeof value === 'string' && value.includes('@') && value.search(userInfo) >= 0;
}
