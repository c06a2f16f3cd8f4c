import { describe, expect, it } from '@jest/globals';
import { AgentUsage } from '@millrace/genai';
import type { AgentOutcome, AgentRun } from '@millrace/genai';

type Event =
  | { readonly call: string; readonly endMs: number; readonly tokens: number }
  | { readonly run: AgentRun; readonly tokens: number };

interface Result {
  readonly tokens: number;
  readonly outcomes: Readonly<Record<AgentOutcome, number>>;
  readonly late: number;
}

/** Sums up what counts, in the order of arrival. */
function count(
  events: readonly Event[],
  limits: { maxTraces?: number; maxRuns?: number; maxHeldBytes?: number; memoryMs?: number } = {},
): Result {
  let tokens = 0;
  let late = 0;
  const outcomes = { counted: 0, repeated: 0, overflow: 0 };
  const usage = new AgentUsage<number>({
    waitMs: 1_000,
    ...limits,
    decide: (outcome, held) => {
      outcomes[outcome]++;
      if (outcome === 'counted') tokens += held;
    },
    late: () => void late++,
  });
  for (const event of events) {
    if ('run' in event) usage.hold(event.run, event.tokens, 100);
    else {
      usage.call(event.call, event.endMs);
      tokens += event.tokens;
    }
  }
  usage.settle();
  expect(usage.size).toBe(0);
  return { tokens, outcomes, late };
}

const run = (trace: string, span: string, parent: string, startMs: number, endMs: number, tokens: number): Event => ({
  run: { trace, span, parent, startMs, endMs },
  tokens,
});
const call = (trace: string, endMs: number, tokens: number): Event => ({ call: trace, endMs, tokens });

/** Reproducible numbers from 0 up to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('The usage of agents', () => {
  it('counts where no call in the trace states its own', () => {
    expect(count([run('a', '1', '', 0, 100, 7)])).toEqual({ tokens: 7, outcomes: { counted: 1, repeated: 0, overflow: 0 }, late: 0 });
  });

  it('does not count where a call in the trace states its own, whichever comes first', () => {
    const events = [call('a', 50, 5), run('a', '1', '', 0, 100, 7)];
    for (const order of [events, events.toReversed()]) {
      expect(count(order)).toEqual({ tokens: 5, outcomes: { counted: 0, repeated: 1, overflow: 0 }, late: 0 });
    }
  });

  it('is not affected by calls of other traces', () => {
    expect(count([call('b', 50, 5), run('a', '1', '', 0, 100, 7)]).tokens).toBe(12);
  });

  it('waits by the time of events, not by the clock', () => {
    const decided: string[] = [];
    const usage = new AgentUsage<string>({ waitMs: 1_000, decide: (outcome, held) => decided.push(`${held} ${outcome}`) });
    usage.hold({ trace: 'a', span: '1', parent: '', startMs: 0, endMs: 100 }, 'first', 10);
    usage.advance(1_099);
    expect({ decided, size: usage.size }).toEqual({ decided: [], size: 1 });
    usage.advance(1_200);
    expect({ decided, size: usage.size }).toEqual({ decided: ['first counted'], size: 0 });
  });

  it('counts a run that comes when its time is up at once', () => {
    const decided: string[] = [];
    const usage = new AgentUsage<string>({ waitMs: 1_000, decide: (outcome) => decided.push(outcome) });
    usage.call('b', 5_000);
    usage.hold({ trace: 'a', span: '1', parent: '', startMs: 3_000, endMs: 4_000 }, '', 10);
    expect(decided).toEqual(['counted']);
  });

  it('tells how often a call came after the run was counted, once for each run', () => {
    const events = [run('a', '1', '', 0, 100, 7), call('b', 5_000, 1), call('a', 50, 5), call('a', 60, 5)];
    expect(count(events)).toEqual({ tokens: 18, outcomes: { counted: 1, repeated: 0, overflow: 0 }, late: 1 });
  });

  it('counts the innermost of runs inside one another, linked or not', () => {
    const linked = [run('a', 'agent', 'flow', 10, 90, 7), run('a', 'flow', '', 10, 90, 7)];
    const apart = [run('a', 'agent', 'http', 10, 90, 7), run('a', 'flow', '', 0, 100, 7)];
    for (const events of [linked, apart, linked.toReversed(), apart.toReversed()]) {
      expect(count(events)).toEqual({ tokens: 7, outcomes: { counted: 1, repeated: 1, overflow: 0 }, late: 0 });
    }
  });

  it('counts runs beside one another, at the same time or not', () => {
    expect(count([run('a', '1', 'p', 0, 100, 7), run('a', '2', 'p', 10, 90, 5)]).tokens).toBe(12);
    expect(count([run('a', '1', 'p', 0, 100, 7), run('a', '2', 'q', 200, 9_000, 5)]).tokens).toBe(12);
  });

  it('counts beside a call of its trace that came after it', () => {
    expect(count([run('a', '1', '', 0, 100, 7), call('a', 150, 5)])).toEqual({
      tokens: 12,
      outcomes: { counted: 1, repeated: 0, overflow: 0 },
      late: 0,
    });
  });

  it('counts a run without a trace at once', () => {
    const decided: string[] = [];
    const usage = new AgentUsage<string>({ waitMs: 1_000, decide: (outcome) => decided.push(outcome) });
    usage.call('', 10);
    usage.hold({ trace: '', span: '', parent: '', startMs: 0, endMs: 100 }, '', 10);
    expect(decided).toEqual(['counted']);
  });

  it('sums up the same in every order in which nothing is later than the wait', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = random(seed);
      const events: { readonly at: number; readonly event: Event }[] = [];
      for (let trace = 0; trace < 8; trace++) {
        const startMs = next() * 5_000;
        const parts = Math.ceil(next() * 6);
        for (let part = 0; part < parts; part++) {
          const from = startMs + next() * 500;
          const endMs = from + next() * 3_000;
          const tokens = Math.ceil(next() * 1_000);
          const name = `${trace}`;
          const parent = part === 0 || next() < 0.3 ? '' : `${Math.floor(next() * part)}`;
          const event = trace % 2 === 0 || next() < 0.6 ? run(name, `${part}`, parent, from, endMs, tokens) : call(name, endMs, tokens);
          events.push({ at: endMs, event });
        }
      }
      const ordered = events.toSorted((a, b) => a.at - b.at).map(({ event }) => event);
      const shuffled = events
        .map(({ at, event }) => ({ at: at + next() * 999, event }))
        .sort((a, b) => a.at - b.at)
        .map(({ event }) => event);
      expect(count(shuffled)).toEqual(count(ordered));
    }
  });

  it('leaves out, and counts, runs that may repeat calls which are forgotten', () => {
    const many = Array.from({ length: 50 }, (_, index) => call(`t${index}`, 1_000 + index, 1));
    const forgotten = count([...many, run('t0', 'x', '', 500, 1_100, 9), run('new', 'y', '', 1_045, 1_200, 9)], { maxTraces: 20 });
    expect(forgotten.outcomes).toEqual({ counted: 1, repeated: 0, overflow: 1 });
  });

  it('leaves out, and counts, a run that takes longer than calls are remembered', () => {
    const calls = [1_000, 12_500, 24_000, 36_000, 48_000].map((endMs, index) => call(index === 0 ? 'a' : `t${index}`, endMs, 1));
    const events = [...calls, run('a', '1', '', 900, 48_500, 9)];
    expect(count(events, { memoryMs: 10_000 }).outcomes).toEqual({ counted: 0, repeated: 0, overflow: 1 });
  });

  it('forgets nothing because of times in the past', () => {
    const events = [call('a', 100_000, 1), call('b', 1, 1), call('c', 100_001, 1), call('d', 2, 1), call('e', 100_002, 1)];
    expect(count([...events, run('a', '1', '', 99_000, 100_003, 9)], { memoryMs: 10_000 }).outcomes.repeated).toBe(1);
  });

  it('bounds what it remembers, by number and by bytes', () => {
    const usage = new AgentUsage<number>({ waitMs: 1_000, maxRuns: 10, maxTraces: 10, maxHeldBytes: 1_000, decide: () => {} });
    for (let index = 0; index < 1_000; index++) {
      usage.hold({ trace: `r${index}`, span: '1', parent: '', startMs: 0, endMs: 100 }, index, 100);
      usage.call(`c${index}`, 100);
    }
    expect(usage.sizeBytes).toBeLessThan(10 * 300 + 10 * 100 + 1_001);
    expect(usage.size).toBe(10);
    expect(count([run('a', '1', '', 0, 100, 1)], { maxHeldBytes: 10 }).outcomes.overflow).toBe(1);
  });

  it('forgets runs that are over for long', () => {
    const usage = new AgentUsage<number>({ waitMs: 1_000, memoryMs: 10_000, decide: () => {} });
    for (let index = 0; index < 1_000; index++) {
      usage.hold({ trace: `r${index}`, span: '1', parent: '', startMs: index * 100, endMs: index * 100 + 50 }, index, 100);
    }
    expect(usage.sizeBytes).toBeLessThan(120 * 300 + 20 * 100);
  });
});

describe('A trace id of zeros', () => {
  it.each(['0'.repeat(32), '\0'.repeat(16)])('is none: %j', (trace) => {
    const run = { trace, span: 'a', parent: '', startMs: 0, endMs: 10 };
    expect(
      count([
        { call: trace, endMs: 5, tokens: 1 },
        { run, tokens: 10 },
        { run: { ...run, span: 'b' }, tokens: 100 },
      ]),
    ).toMatchObject({
      tokens: 111,
      outcomes: { counted: 2 },
      late: 0,
    });
  });
});

describe('A trace that has runs without end', () => {
  it('has a thousand, and those beyond are left out', () => {
    const runs = Array.from({ length: 3_000 }, (_, i) => run('a', `${i}`, '', i * 2, i * 2 + 1, 1));
    expect(count(runs)).toEqual({ tokens: 1_000, outcomes: { counted: 1_000, repeated: 0, overflow: 2_000 }, late: 0 });
  });
});
