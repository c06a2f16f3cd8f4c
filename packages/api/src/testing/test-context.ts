import { BufferPool, MemoryLedger } from '@millrace/wire';
import type { Clock, Context, Host, ItemLedger, Logger } from '../component.ts';
import { FakeClock } from './fake-clock.ts';

/** A log line as a test sees it. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>> | undefined;
}

/** An `ItemLedger` that can be read. */
export class RecordingLedger implements ItemLedger {
  dropped: Record<string, number> = {};
  created = 0;
  absorbed = 0;
  held = 0;

  drop(items: number, reason: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + items;
  }
  create(items: number): void {
    this.created += items;
  }
  absorb(items: number): void {
    this.absorbed += items;
  }
  hold(items: number): void {
    this.held += items;
  }
}

/** A `Context` whose log and ledger can be read; any field can be replaced. */
export interface TestContext extends Context {
  readonly items: RecordingLedger;
  readonly lines: LogLine[];
}

/** Makes a context for a component under test; the clock is a `FakeClock` unless another is given. */
export function testContext(overrides: Partial<Context> = {}): TestContext {
  const lines: LogLine[] = [];
  const log =
    (level: LogLine['level']) =>
    (message: string, attributes?: Readonly<Record<string, unknown>>): void => {
      lines.push({ level, message, attributes });
    };
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  return {
    id: 'test',
    kind: 'processor',
    signal: 'traces',
    logger,
    clock: new FakeClock(),
    program: { name: 'millrace', version: '0.0.0' },
    ...overrides,
    items: new RecordingLedger(),
    lines,
  };
}

/** A `Host` with a poisoning pool (a read after release shows) and a settable budget. */
export function testHost(budgetBytes: number = 256 * 1024 * 1024): Host & { readonly failures: Error[] } {
  const memory = new MemoryLedger(budgetBytes);
  const failures: Error[] = [];
  return {
    pool: new BufferPool(memory, { poison: true }),
    memory,
    extension: (id) => {
      throw new Error(`extension "${id}" not found`);
    },
    fatal: (error) => void failures.push(error),
    failures,
  };
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
