import type { Clock, Logger, LogLevel } from '@millrace/api';

/** Of one message, at most this many lines ... */
const linesPerWindow = 10;
/** ... are logged within this time. */
const windowMs = 10_000;

interface Window {
  start: number;
  lines: number;
  suppressed: number;
}

/** Logs a repeated message only so often; the next line that comes through says in `suppressed` how many were left out before it. */
export class LogLimiter {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  log(level: LogLevel, message: string, attributes: Readonly<Record<string, unknown>>): void {
    const now = this.#clock.now();
    let window = this.#windows.get(message);
    if (window === undefined) {
      window = { start: now, lines: 0, suppressed: 0 };
      this.#windows.set(message, window);
    }
    if (now - window.start >= windowMs) {
      window.start = now;
      window.lines = 0;
    }
    if (window.lines >= linesPerWindow) {
      window.suppressed++;
      return;
    }
    window.lines++;
    const suppressed = window.suppressed;
    window.suppressed = 0;
    this.#logger[level](message, suppressed === 0 ? attributes : { ...attributes, suppressed });
  }
}
