import type { Component, Signal } from '@millrace/api';
import { configOf, FakeClock, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { admitBytes, BufferPool, MemoryLedger, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { Inlet } from '@millrace/receiver-sdk';

/** A started receiver with the door into it, and what came out. */
export interface Lab {
  readonly inlet: Inlet;
  readonly receiver: Component;
  readonly clock: FakeClock;
  readonly context: TestContext;
  readonly sink: (signal: Signal) => Sink;
  /** What came out of a pipeline, as objects. */
  readonly received: (signal: Signal) => unknown[];
}

export async function startLab(
  settings: object = {},
  signals: readonly Signal[] = ['traces', 'metrics', 'logs'],
  budgetBytes?: number,
): Promise<Lab> {
  const inlet = new Inlet();
  const sinks = new Map(signals.map((signal) => [signal, new Sink()]));
  const clock = new FakeClock();
  const context = testContext({ id: 'sdk', kind: 'receiver', clock });
  const receiver = inlet.factory.create(configOf(inlet.factory, settings), sinks, context);
  await receiver.start?.(testHost(budgetBytes));
  const pool = new BufferPool(new MemoryLedger(1 << 28));
  return {
    inlet,
    receiver,
    clock,
    context,
    sink: (signal) => sinks.get(signal)!,
    received: (signal) =>
      sinks.get(signal)!.requests.map((bytes) => {
        using batch = admitBytes(signal, bytes, noClient, pool);
        return toPlain(signal as 'traces', batch);
      }),
  };
}
