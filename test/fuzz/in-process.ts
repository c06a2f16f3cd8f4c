import { BufferPool, MemoryLedger, WireError, admit, admitJson, noClient } from '@millrace/wire';
import type { Input } from './judge.ts';
import type { Answer, Target } from './target.ts';

const pool = new BufferPool(new MemoryLedger(1 << 30), { poison: true });

/** Only the door: `admit` and `admitJson` in this process, with released memory overwritten and every lease accounted for. */
export function inProcessTarget(arrived: Target['arrived']): Target {
  const send = (input: Input): Answer => {
    if (pool.ledger.accounted !== 0) throw new Error(`${pool.ledger.accounted} bytes of leases are left`);
    const lease = pool.lease(input.body.length + 64);
    lease.buffer.fill(0xff);
    input.body.copy(lease.buffer, 32);
    try {
      const door = input.encoding === 'json' ? admitJson : admit;
      using batch = door(input.signal, lease, 32, 32 + input.body.length, noClient);
      arrived(input.signal, batch.bytes, batch.items);
      return { accepted: true, reason: '' };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return { accepted: false, reason: error.reason };
    }
  };
  return { arrived, send: (input) => Promise.resolve().then(() => send(input)), check: () => undefined, stop: () => Promise.resolve() };
}
