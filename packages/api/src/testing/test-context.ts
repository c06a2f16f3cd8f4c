import { createNoopMeter } from '@opentelemetry/api';
import { BufferPool, MemoryLedger } from '@millrace/wire';
import type { Clock, Context, Host, ItemLedger, Logger, Tally } from '../component.ts';
import type { Factory } from '../factory.ts';
import type { Status } from '../status.ts';
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
  attributes: Readonly<Record<string, string>> = {};

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
  label(attributes: Readonly<Record<string, string>>): void {
    this.attributes = attributes;
  }
}

/** A `Context` whose log and ledger can be read; any field can be replaced. */
export interface TestContext extends Context {
  readonly items: RecordingLedger;
  readonly lines: LogLine[];
  /** What the component reported, oldest first. */
  readonly reports: { readonly status: Status; readonly error?: Error }[];
}

/** Makes a context for a component under test; the clock is a `FakeClock` unless another is given. */
export function testContext(overrides: Partial<Context> = {}): TestContext {
  const lines: LogLine[] = [];
  const reports: { status: Status; error?: Error }[] = [];
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
    meter: createNoopMeter(),
    report: (status, error) => void reports.push({ status, ...(error !== undefined && { error }) }),
    ...overrides,
    items: new RecordingLedger(),
    lines,
    reports,
  };
}

/**
 * A `Host` with a poisoning pool (a read after release shows), a settable budget, the given started extensions by id, and the factories of
 * components that others wrap.
 */
export function testHost(
  budgetBytes: number = 256 * 1024 * 1024,
  extensions: ReadonlyMap<string, unknown> = new Map(),
  factories: readonly Factory[] = [],
): Host & { readonly failures: Error[] } {
  const memory = new MemoryLedger(budgetBytes);
  const failures: Error[] = [];
  const tallies = new Map<string, Tally>();
  return {
    pool: new BufferPool(memory, { poison: true }),
    memory,
    extension: (id, guard) => {
      const found = extensions.get(id);
      if (found === undefined) throw new Error(`extension "${id}" not found`);
      if (!guard(found)) throw new Error(`extension "${id}" is not of the kind that is needed here`);
      return found;
    },
    factory: (kind, type) => {
      const found = factories.find((factory) => factory.kind === kind && factory.type === type);
      if (found === undefined) throw new Error(`there is no factory of ${kind} "${type}"`);
      return found;
    },
    tally: (name) => {
      let tally = tallies.get(name);
      if (tally === undefined) {
        let total = 0;
        tally = {
          add: (difference) => void (total += difference),
          get total() {
            return total;
          },
        };
        tallies.set(name, tally);
      }
      return tally;
    },
    service: {
      program: { name: 'millrace', version: '0.0.0' },
      startedAtMs: 0,
      pipelines: [],
      components: () => [],
      watchStatus: () => () => undefined,
      featureGates: [],
      printedConfig: () => '',
      recentSpans: () => [],
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
