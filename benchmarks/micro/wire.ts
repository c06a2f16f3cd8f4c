/** Micro-benchmarks of the data model: `node --conditions=@millrace/source benchmarks/micro/wire.ts [words in the name]`. */
import {
  Accumulator,
  admit,
  admitBytes,
  type Batch,
  BufferPool,
  MemoryLedger,
  merge,
  messages,
  noClient,
  requestMessage,
  split,
} from '@millrace/wire';
import { logs, metrics, traces } from '../../test/payloads.ts';
import { measure, type Measurement, printTable } from './measure.ts';

/** Items in each request. */
const items = 100;

/** What a case works with. */
interface Fixture {
  readonly signal: 'traces' | 'metrics' | 'logs';
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
  'admit with lengths padded to 4 bytes, as .NET sends': ({ signal, pool, body }) => {
    const padded = padLengths(requestMessage[signal], body);
    return () => {
      admitBytes(signal, padded, noClient, pool).release();
    };
  },
  'admit with the resource last': ({ signal, pool, body }) => {
    // The resource a second time, after its children.
    const content = body.subarray(body.findIndex((byte, at) => at > 0 && byte < 128) + 1);
    const resource = content.subarray(0, 2 + (content[1]! & 127) + (content[1]! > 127 ? 1 + content[2]! * 128 : 0));
    const misplaced = Buffer.concat([body.subarray(0, 1), lengthBytes(content.length + resource.length), content, resource]);
    return () => {
      admitBytes(signal, misplaced, noClient, pool).release();
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

/** A length as a varint of at least `width` bytes. */
function lengthBytes(length: number, width = 1): Buffer {
  const bytes: number[] = [];
  for (let rest = length; rest > 0 || bytes.length < width; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes[bytes.length - 1]! &= 127;
  return Buffer.from(bytes);
}

/** The same message with every length of a submessage in four bytes. */
function padLengths(name: string, bytes: Buffer): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at;
    const varint = (): number => {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++]!;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    };
    const tag = varint();
    const valueAt = at;
    if (tag % 8 === 2) {
      const length = varint();
      at += length;
    } else if (tag % 8 === 0) varint();
    else at += tag % 8 === 1 ? 8 : 4;
    const message = messages.get(name)!.fields.find((field) => field.number === tag >> 3)?.message;
    if (message === undefined) {
      out.push(bytes.subarray(start, at));
      continue;
    }
    const end = at;
    at = valueAt;
    varint();
    const content = padLengths(message, bytes.subarray(at, end));
    at = end;
    out.push(bytes.subarray(start, valueAt), lengthBytes(content.length, 4), content);
  }
  return Buffer.concat(out);
}

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
