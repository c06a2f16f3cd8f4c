import { setImmediate } from 'node:timers/promises';
import { PipelineError } from '@millrace/api';
import { configOf, exampleBatch, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { attributes, at, gauge, metricsOf, run } from './running.ts';
import type { Running } from './running.ts';

let exporter: Running | undefined;

afterEach(() => exporter?.stop());

/** A gauge with many series, each with a value. */
function many(from: number, to: number, value: number): object {
  const dataPoints = Array.from({ length: to - from }, (_, i) => ({
    attributes: attributes({ number: `${from + i}`, padding: 'x'.repeat(100) }),
    timeUnixNano: at(1),
    asInt: String(value),
  }));
  return metricsOf([{ name: 'm', gauge: { dataPoints } }]);
}

/** Lets whatever goes on in slices come to its end. */
async function rounds(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate();
}

const numbersOf = (samples: readonly string[]): number[] => samples.map((sample) => Number(/number="(\d+)"/.exec(sample)![1]));

describe('prometheus, a series that is not updated', () => {
  it('is exposed for metric_expiration, and then forgotten', async () => {
    exporter = await run({ metric_expiration: '1m', without_scope_info: true });
    const empty = exporter.memory.accounted;
    exporter.send(metricsOf([gauge('a', 1)], { 'service.name': 'j', 'service.instance.id': 'i' }));
    await exporter.clock.advance(30_000);
    exporter.send(metricsOf([gauge('b', 2)]));
    await exporter.clock.advance(30_000);
    expect((await exporter.scrape()).samples).toEqual(['target_info{instance="i",job="j"} 1', 'a{instance="i",job="j"} 1', 'b 2']);
    await exporter.clock.advance(1);
    expect((await exporter.scrape()).samples).toEqual(['b 2']);
    expect(exporter.memory.accounted).toBeGreaterThan(empty);
    await exporter.clock.advance(120_000);
    expect((await exporter.scrape()).text).toBe('');
    expect(exporter.memory.accounted).toBe(empty);
  });

  it('makes room for a metric of the same name and another type', async () => {
    exporter = await run({ metric_expiration: '1m', without_scope_info: true, add_metric_suffixes: false });
    exporter.send(metricsOf([gauge('m', 1)]));
    await exporter.clock.advance(121_000);
    const counter = { name: 'm', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ asInt: '2' }] } };
    exporter.send(metricsOf([counter]));
    expect((await exporter.scrape()).text).toBe('# HELP m \n# TYPE m counter\nm 2\n');
  });

  it('is exposed anew when it comes back', async () => {
    exporter = await run({ metric_expiration: '1m', without_scope_info: true });
    for (let i = 1; i <= 3; i++) {
      exporter.send(metricsOf([gauge('m', i)]));
      expect((await exporter.scrape()).samples).toEqual([`m ${i}`]);
      await exporter.clock.advance(150_000);
    }
  });

  it('leaves the others as they are, however many there are', async () => {
    exporter = await run({ metric_expiration: '1m', without_scope_info: true });
    exporter.send(many(0, 5_000, 1));
    await exporter.clock.advance(40_000);
    for (let from = 0; from < 5_000; from += 500) exporter.send(many(from, from + 50, 2));
    await exporter.clock.advance(30_000);
    await rounds(100);
    const stay = numbersOf((await exporter.scrape()).samples);
    expect(stay).toHaveLength(500);
    exporter.send(many(20_000, 27_000, 3));
    exporter.send(many(0, 50, 4));
    const { samples } = await exporter.scrape();
    const numbers = new Set(numbersOf(samples));
    expect(numbers.size).toBe(samples.length);
    expect(stay.every((number) => numbers.has(number))).toBe(true);
    expect(samples.filter((sample) => sample.endsWith(' 4'))).toHaveLength(50);
    expect(samples.filter((sample) => sample.endsWith(' 3'))).toHaveLength(7_000);
  });

  it('is the only one that changes, whatever comes and goes', async () => {
    exporter = await run({ metric_expiration: '1m', without_scope_info: true });
    const empty = exporter.memory.accounted;
    const model = new Map<number, { value: number; atMs: number }>();
    let random = 7;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (random >>> 8) % below;
    };
    let nowMs = 0;
    for (let round = 0; round < 60; round++) {
      const dataPoints = Array.from({ length: 50 }, () => {
        const number = next(400);
        const labels = { number: `${number}`, padding: 'x'.repeat(number % 37) };
        const swapped = next(2) === 0 ? labels : { padding: labels.padding, number: labels.number };
        const isGone = next(3) === 0;
        if (isGone) model.delete(number);
        else model.set(number, { value: round, atMs: nowMs });
        return { attributes: attributes(swapped), timeUnixNano: at(round), ...(isGone ? { flags: 1 } : { asInt: String(round) }) };
      });
      exporter.send(metricsOf([{ name: 'm', gauge: { dataPoints } }]));
      await exporter.clock.advance(3_000);
      nowMs += 3_000;
      for (const [number, { atMs }] of model) if (atMs < nowMs - 60_000) model.delete(number);
      const found = (await exporter.scrape()).samples.map((sample) => [
        Number(/number="(\d+)"/.exec(sample)![1]),
        Number(sample.split(' ').at(-1)),
      ]);
      const expected = [...model].map(([number, { value }]) => [number, value]);
      expect(found.toSorted(([a], [b]) => a! - b!)).toEqual(expected.toSorted(([a], [b]) => a! - b!));
    }
    await exporter.clock.advance(180_000);
    expect(exporter.memory.accounted).toBe(empty);
  });

  it('gives its memory back', async () => {
    exporter = await run({ metric_expiration: '1m', without_scope_info: true });
    const empty = exporter.memory.accounted;
    for (let i = 0; i < 5; i++) {
      exporter.send(many(i * 1_000, i * 1_000 + 3_000, i));
      await exporter.clock.advance(121_000);
      await rounds(50);
      expect(exporter.memory.accounted).toBe(empty);
    }
  });
});

describe('prometheus, its memory', () => {
  it('takes no new series when the budget is spent, and still updates the known ones', async () => {
    exporter = await run({ without_scope_info: true }, 1.5 * 1024 * 1024);
    for (let from = 0; from < 10_000; from += 200) exporter.send(many(from, from + 200, 1));
    const { dropped, absorbed } = exporter.context.items;
    expect(dropped['no_memory']).toBeGreaterThan(0);
    expect(dropped['no_memory']! + absorbed).toBe(10_000);
    exporter.send(many(0, 10, 7));
    const { samples } = await exporter.scrape();
    expect(samples).toHaveLength(absorbed);
    expect(samples.filter((sample) => sample.endsWith(' 7'))).toHaveLength(10);
    const warnings = exporter.context.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual(['Too many series for the memory budget; new ones are dropped.']);
  });
});

describe('prometheus, when it does not run', () => {
  it('takes nothing', () => {
    const host = testHost();
    const stage = factory.create(configOf(factory, { endpoint: '127.0.0.1:0' }), testContext({ kind: 'exporter', signal: 'metrics' }));
    using batch = exampleBatch(host.pool, 'metrics', 1);
    expect(() => stage.consume(batch)).toThrow(PipelineError);
  });

  it('says which address is taken', async () => {
    exporter = await run();
    const stage = factory.create(configOf(factory, { endpoint: exporter.address }), testContext({ kind: 'exporter', signal: 'metrics' }));
    await expect(stage.start?.(testHost())).rejects.toThrow(`listen tcp ${exporter.address}: bind: address already in use`);
    await stage.shutdown?.(noDeadline());
  });
});
