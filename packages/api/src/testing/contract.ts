import type { Signal } from '@millrace/wire';
import type { Clock, Component, Host } from '../component.ts';
import type { FactoryBase, Stability } from '../factory.ts';
import { FakeClock, settle } from './fake-clock.ts';

/** The functions of a test runner that the contracts use; jest's, vitest's and Bun's fit. */
export interface TestApi {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void> | void): void;
  expect(actual: unknown): { toEqual(expected: unknown): void };
}

/** The signals that a factory supports, without `profiles`, which components pass through uninterpreted. */
export function supportedSignals(stability: Partial<Record<Signal, Stability>>): Signal[] {
  return (['traces', 'metrics', 'logs'] as const).filter((signal) => stability[signal] !== undefined);
}

/** Waits for a promise while time passes: a `FakeClock` is advanced in steps, up to ten minutes of its time. */
export async function passTime<T>(clock: Clock, pending: Promise<T>, stepMs = 250): Promise<T> {
  if (!(clock instanceof FakeClock)) return pending;
  const state = { settled: false };
  const done = (): void => void (state.settled = true);
  pending.then(done, done);
  await settle();
  for (let passedMs = 0; !state.settled && passedMs < 600_000; passedMs += stepMs) await clock.advance(stepMs);
  if (!state.settled) throw new Error('nothing happened for ten minutes');
  return pending;
}

/** An AbortSignal that never aborts: all the time in the world. */
export function noDeadline(): AbortSignal {
  return new AbortController().signal;
}

interface Schema {
  readonly type?: string;
  readonly description?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly items?: Schema;
  readonly 'x-unsupported'?: unknown;
}

function schemaProblems(schema: Schema, path: string): string[] {
  const problems: string[] = [];
  if (schema.properties !== undefined && schema.additionalProperties !== false) {
    problems.push(`${path || 'the top'}: additionalProperties must be false`);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const inner = path === '' ? name : `${path}::${name}`;
    const described = typeof property.description === 'string' && property.description !== '';
    if (!described && property['x-unsupported'] === undefined) problems.push(`${inner}: a description is missing`);
    problems.push(...schemaProblems(property, inner));
  }
  if (schema.items !== undefined) problems.push(...schemaProblems(schema.items, `${path}[]`));
  return problems;
}

/** What holds for every factory: its type is lower_snake_case, its settings are described, and unknown ones are refused. */
export function factoryContract({ it, expect }: TestApi, factory: FactoryBase<never>): void {
  it('has a lower_snake_case type', () => {
    expect(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(factory.type)).toEqual(true);
  });
  it('describes every setting and refuses unknown ones', () => {
    expect(schemaProblems(factory.configSchema ?? {}, '')).toEqual([]);
  });
}

/** One component, made afresh, with the host it runs in and a clean-up. */
export interface Made {
  readonly component: Component;
  readonly host: Host;
  readonly clock: Clock;
  close?(): Promise<void> | void;
}

/** What holds for the lifecycle of every component: shutdown is safe without start, twice and concurrently, and leaves nothing behind. */
export function lifecycleContract({ it, expect }: TestApi, make: () => Promise<Made> | Made): void {
  const check = (name: string, body: (made: Made) => Promise<void>): void =>
    it(name, async () => {
      const made = await make();
      try {
        await body(made);
        expect({ accountedBytes: made.host.memory.accounted, timers: made.clock instanceof FakeClock ? made.clock.pending : 0 }).toEqual({
          accountedBytes: 0,
          timers: 0,
        });
      } finally {
        await made.close?.();
      }
    });
  check('shuts down without a start', async ({ component }) => {
    await component.shutdown?.(noDeadline());
  });
  check('shuts down twice', async ({ component, host }) => {
    await component.start?.(host);
    await component.shutdown?.(noDeadline());
    await component.shutdown?.(noDeadline());
  });
  check('shuts down concurrently', async ({ component, host }) => {
    await component.start?.(host);
    await Promise.all([component.shutdown?.(noDeadline()), component.shutdown?.(noDeadline())]);
  });
}
