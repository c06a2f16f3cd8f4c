import { validate } from '../src/validate.ts';
import { traces, metrics, logs } from '../../../test/payloads.ts';
import { BufferPool, MemoryLedger } from '@millrace/wire';
const pool = new BufferPool(new MemoryLedger(1e9));
for (let r = 0; r < 3; r++)
  for (const [s, f] of Object.entries({ traces, metrics, logs })) {
    const b = f(100);
    const l = pool.lease(b.length + 100);
    l.buffer.set(b, 50);
    console.log(validate(s as 'traces', l.buffer, 50, 50 + b.length));
    let best = 1e9;
    for (let k = 0; k < 15; k++) {
      const t = process.hrtime.bigint();
      for (let i = 0; i < 500; i++) validate(s as 'traces', l.buffer, 50, 50 + b.length);
      best = Math.min(best, Number(process.hrtime.bigint() - t) / 50000);
    }
    console.log(s, best);
  }
