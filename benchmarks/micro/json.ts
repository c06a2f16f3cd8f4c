/**
 * OTLP/JSON, in requests of 100 items: `in` is text to admitted batch, `out` is batch to text; `JSON.parse` alone for comparison (it builds a
 * tree and rounds 64-bit numbers).
 */
import { BufferPool, MemoryLedger, admitBytes, admitJson, encodeJson, noClient } from '@millrace/wire';
import { logs, metrics, traces } from '../../test/payloads.ts';
import { measure, printTable } from './measure.ts';

const items = 100;
const pool = new BufferPool(new MemoryLedger(2 ** 30));

printTable(
  Object.entries({ traces, metrics, logs }).flatMap(([name, payload]) => {
    const signal = name as 'traces' | 'metrics' | 'logs';
    const batch = admitBytes(signal, payload(items), noClient, pool);
    const { lease, length } = encodeJson(batch);
    const text = Buffer.from(lease.buffer.subarray(0, length));
    lease.release();
    return [
      measure(`${name} in`, items, () => {
        const body = pool.lease(text.length);
        text.copy(body.buffer);
        admitJson(signal, body, 0, text.length, noClient).release();
      }),
      measure(`${name} out`, items, () => encodeJson(batch).lease.release()),
      measure(`${name} JSON.parse`, items, () => void JSON.parse(text.toString())),
    ];
  }),
);
