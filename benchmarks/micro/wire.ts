/** Micro-benchmarks of the data model: `node --conditions=@millrace/source benchmarks/micro/wire.ts [words in the name]`. */
import { Accumulator, admit, admitBytes, type Batch, BufferPool, MemoryLedger, merge, noClient, type Signal, split } from '@millrace/wire';
import { logs, metrics, traces } from '../../test/payloads.ts';
import { measure, type Measurement, printTable } from './measure.ts';

/** Items in each request. */
const items = 100;

/** What a case works with. */
interface Fixture {
  readonly signal: Signal;
  readonly pool: BufferPool;
  readonly body: Buffer;
  /** An admitted request of `items` items. */
  readonly batch: Batch;
}

/** A case: what it is called, and one run over the `items` items of a fixture. Add yours here. */
const cases: Readonly<Record<string, (fixture: Fixture) => () => void>> = {
  'lease and copy':
    ({ pool, body }) =>
    () => {
      using lease = pool.lease(body.length);
      lease.buffer.set(body);
    },
  'admit (copy, validate, count)':
    ({ signal, pool, body }) =>
    () => {
      const lease = pool.lease(body.length);
      lease.buffer.set(body);
      admit(signal, lease, 0, body.length, noClient).release();
    },
  'admit an odd body (rewrite)': ({ signal, pool, body }) => {
    // A superfluous byte in the first length.
    const end = body.findIndex((byte, at) => at > 0 && byte < 128);
    const odd = Buffer.concat([body.subarray(0, end), Buffer.of(body[end]! | 128, 0), body.subarray(end + 1)]);
    return () => {
      admitBytes(signal, odd, noClient, pool).release();
    };
  },
  'merge ten': ({ batch }) => {
    const ten = Array.from({ length: 10 }, () => batch);
    let run = 0;
    return () => {
      // Ten requests at once, so once in ten runs.
      if (++run % 10 === 0) merge(ten, noClient).release();
    };
  },
  'accumulate, taken every 8,192 items': ({ signal, pool, batch }) => {
    const accumulator = new Accumulator(signal, pool);
    return () => {
      accumulator.append(batch);
      if (accumulator.items >= 8192) accumulator.take(noClient)!.release();
    };
  },
  'split into parts of 10 items':
    ({ batch }) =>
    () => {
      for (const part of split(batch, { items: 10 })) part.release();
    },
  'split into parts of 8 kB':
    ({ batch }) =>
    () => {
      for (const part of split(batch, { bytes: 8192 })) part.release();
    },
};

const payloads = { traces, metrics, logs };
const words = process.argv.slice(2);
const rows: Measurement[] = [];
for (const signal of ['traces', 'metrics', 'logs'] as const) {
  const pool = new BufferPool(new MemoryLedger(2 ** 30));
  const body = payloads[signal](items);
  const fixture: Fixture = { signal, pool, body, batch: admitBytes(signal, body, noClient, pool) };
  for (const [name, prepare] of Object.entries(cases)) {
    const title = `${signal}: ${name}`;
    if (words.every((word) => title.includes(word))) rows.push(measure(title, items, prepare(fixture)));
  }
}
printTable(rows);
