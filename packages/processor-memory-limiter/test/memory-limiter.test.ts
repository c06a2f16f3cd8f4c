import { configOf, exampleBatch, FakeClock, Sink, testContext, testHost } from '@millrace/api/testing';
import type { Consumed, Consumer, Stage } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { totalmem } from 'node:os';
import { collectGarbage } from '../src/collect-garbage.ts';
import { factory } from '../src/index.ts';

const mib = 1024 * 1024;
const refusal = 'data refused due to high memory usage';
const check = { check_interval: '1s' };

function limiter(settings: object, next: Consumer = new Sink()) {
  // What earlier tests left behind must not count as idle memory that a collection then frees.
  collectGarbage('major');
  const context = testContext({ id: 'memory_limiter', clock: new FakeClock() });
  const config = configOf(factory, settings);
  const make = (): Stage => factory.create!(config, next, context);
  const stage = make();
  const host = testHost(1024 * mib);
  const offer = (to = stage): Consumed => {
    using batch = exampleBatch(host.pool, 'traces', 1);
    return to.consume(batch);
  };
  const messages = (): string[] => context.lines.map((line) => line.message);
  return { stage, host, clock: context.clock as FakeClock, lines: context.lines, messages, offer, make };
}

/** Memory outside of the heap and outside of the pool. */
const external = (sizeMib: number): Buffer[] => Array.from({ length: sizeMib }, () => Buffer.alloc(mib, 1));

describe('memory_limiter', () => {
  it('says how it is configured', async () => {
    const { stage, host, lines } = limiter({ ...check, limit_mib: 300, spike_limit_mib: 150 });
    await stage.start?.(host);
    expect(lines).toEqual([
      { level: 'info', message: 'Memory limiter configured', attributes: { limit_mib: 300, spike_limit_mib: 150, check_interval: 1 } },
    ]);
    await stage.shutdown?.(AbortSignal.abort());
    expect(limiter({ ...check, limit_percentage: 50 }).lines).toMatchObject([
      { level: 'info', message: 'Using percentage memory limiter', attributes: { limit_percentage: 50, spike_limit_percentage: 0 } },
    ]);
  });

  it.each([
    ['20 MiB, checked every 100 ms', { check_interval: '100ms', limit_mib: 20 }],
    ['300 MiB with a spike of 150', { ...check, limit_mib: 300, spike_limit_mib: 150 }],
    ['all memory', { ...check, limit_percentage: 100 }],
  ])('passes data on below a limit of %s', async (_name, settings) => {
    const sink = new Sink();
    const { stage, host, clock, offer } = limiter(settings, sink);
    await stage.start?.(host);
    for (let i = 0; i < 100; i++) {
      void offer();
      await clock.advance(100);
    }
    expect(sink.items).toBe(100);
    expect(stage.refusing?.()).toBeUndefined();
    await stage.shutdown?.(AbortSignal.abort());
  });

  it('refuses at once when the accounted telemetry passes the soft limit, and takes data again when it falls', async () => {
    const { stage, host, clock, offer, messages } = limiter({ ...check, limit_mib: 100, spike_limit_mib: 50 });
    await stage.start?.(host);
    const lease = host.pool.lease(64 * mib);
    expect(offer).toThrow(refusal);
    expect(stage.refusing?.()).toMatchObject({ message: refusal, kind: 'retryable' });
    lease.release();
    void offer();
    await clock.advance(1_000);
    // Whether a collection is due depends on what else this process has done.
    expect(
      messages()
        .filter((message) => !message.includes('GC'))
        .slice(1),
    ).toEqual(['Memory usage is above soft limit. Refusing data.', 'Memory usage back within limits. Resuming normal operation.']);
    await stage.shutdown?.(AbortSignal.abort());
  });

  it('leaves a fifth of the limit for spikes unless told otherwise', async () => {
    const { stage, host, offer } = limiter({ ...check, limit_mib: 100 });
    await stage.start?.(host);
    const below = host.memory.account();
    below.set(70 * mib);
    void offer();
    below.set(90 * mib);
    expect(offer).toThrow(refusal);
    below.set(0);
    await stage.shutdown?.(AbortSignal.abort());
  });

  it('sees memory beside the telemetry at its next check, and forces collections', async () => {
    const { stage, host, clock, offer, messages, lines } = limiter({ ...check, limit_mib: 200, spike_limit_mib: 150 });
    await stage.start?.(host);
    const buffers = external(150);
    void offer();
    await clock.advance(1_000);
    expect(offer).toThrow(refusal);
    expect(messages().slice(1)).toEqual([
      'Memory usage is above soft limit. Forcing a GC.',
      'Memory usage after GC.',
      'Memory usage is above soft limit. Refusing data.',
    ]);
    expect(Number(lines.at(-1)?.attributes?.['cur_mem_mib'])).toBeGreaterThanOrEqual(100);
    buffers.length = 0;
    await clock.advance(30_000);
    void offer();
    expect(messages().at(-1)).toBe('Memory usage back within limits. Resuming normal operation.');
    await stage.shutdown?.(AbortSignal.abort());
  });

  it.each([
    ['min_gc_interval_when_hard_limited', { min_gc_interval_when_hard_limited: '4s', max_gc_interval_when_hard_limited: '4s' }, 300, 4],
    ['max_gc_interval_when_hard_limited', { max_gc_interval_when_hard_limited: '2s' }, 300, 2],
    ['min_gc_interval_when_soft_limited', { min_gc_interval_when_soft_limited: '5s', max_gc_interval_when_soft_limited: '5s' }, 150, 5],
    ['max_gc_interval_when_soft_limited', { min_gc_interval_when_soft_limited: '1s', max_gc_interval_when_soft_limited: '3s' }, 150, 3],
  ])('spaces forced collections by %s', async (_name, settings, usedMib, expectedSeconds) => {
    const { stage, host, clock, lines } = limiter({
      ...check,
      limit_mib: 200,
      spike_limit_mib: 150,
      max_gc_interval_when_soft_limited: '60s',
      ...settings,
    });
    await stage.start?.(host);
    const used = host.memory.account();
    used.set(usedMib * mib);
    const seconds: number[] = [];
    for (let second = 1; second <= 40; second++) {
      const before = lines.length;
      await clock.advance(1_000);
      if (lines.slice(before).some((line) => line.message.endsWith('Forcing a GC.'))) seconds.push(second);
    }
    const last = seconds.slice(-3);
    expect([last[1] - last[0], last[2] - last[1]]).toEqual([expectedSeconds, expectedSeconds]);
    const level = usedMib > 200 ? 'warn' : 'info';
    expect(lines.find((line) => line.message.endsWith('Forcing a GC.'))?.level).toBe(level);
    used.set(0);
    await stage.shutdown?.(AbortSignal.abort());
  });

  it('compares resident memory with a share of all memory, less a share for spikes', async () => {
    const allBytes = Math.min(process.constrainedMemory() || Infinity, totalmem());
    const lenient = limiter({ ...check, limit_percentage: 100, spike_limit_percentage: 1 });
    const strict = limiter({ ...check, limit_percentage: 100, spike_limit_percentage: 60 });
    for (const { stage, host, clock } of [lenient, strict]) {
      await stage.start?.(host);
      host.memory.account().set(allBytes / 2);
      await clock.advance(1_000);
    }
    void lenient.offer();
    expect(strict.offer).toThrow(refusal);
    lenient.host.memory.account().set(allBytes / 2);
    expect(lenient.offer).toThrow(refusal);
    for (const { stage } of [lenient, strict]) await stage.shutdown?.(AbortSignal.abort());
  });

  it('is one limiter for all pipelines that share its configuration', async () => {
    const { stage, host, clock, make, offer, messages } = limiter({ ...check, limit_mib: 100 });
    const other = make();
    await stage.start?.(host);
    await other.start?.(host);
    expect(clock.pending).toBe(1);
    const used = host.memory.account();
    used.set(200 * mib);
    expect(() => offer(stage)).toThrow(refusal);
    expect(() => offer(other)).toThrow(refusal);
    expect(messages().filter((message) => message.endsWith('Refusing data.'))).toHaveLength(1);
    used.set(0);
    await stage.shutdown?.(AbortSignal.abort());
    expect(clock.pending).toBe(1);
    await other.shutdown?.(AbortSignal.abort());
    expect(clock.pending).toBe(0);
  });

  it('announces the refusal of the next component', async () => {
    const { stage } = limiter({ ...check, limit_mib: 100 }, { consume: () => undefined, refusing: () => 'the next one' as never });
    expect(stage.refusing?.()).toBe('the next one');
  });
});
