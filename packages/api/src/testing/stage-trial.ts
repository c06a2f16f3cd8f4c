import type { Batch, Signal } from '@millrace/wire';
import type { Clock, Host } from '../component.ts';
import type { Consumed, Consumer } from '../consumer.ts';
import { isPipelineError, PipelineError } from '../pipeline-error.ts';
import type { Stage } from '../factory.ts';
import { noDeadline, passTime } from './contract.ts';
import { exampleBatch, exampleRequest } from './example-batch.ts';
import type { RecordingLedger } from './test-context.ts';

/** How the next stage behaves in a trial, by the number of the call (from 0). */
export type Behaviour = (call: number) => Consumed;

const refusal = (kind: 'permanent' | 'retryable'): PipelineError => new PipelineError(`the next component refuses: ${kind}`, { kind });

/** The behaviours that every stage has to live with. */
export const behaviours: Readonly<Record<string, Behaviour>> = {
  'takes everything': () => undefined,
  'takes everything later': () => new Promise((resolve) => setImmediate(resolve)),
  'refuses everything for good': () => {
    throw refusal('permanent');
  },
  'refuses everything for good, later': () => Promise.reject(refusal('permanent')),
  'refuses the first calls for now': (call) => {
    if (call < 3) throw refusal('retryable');
    return undefined;
  },
  'refuses the first calls for now, later': (call) => (call < 3 ? Promise.reject(refusal('retryable')) : undefined),
  'takes, refuses for now and refuses for good in turn': (call) => {
    if (call % 3 === 0) return undefined;
    if (call % 3 === 1) throw refusal('retryable');
    return Promise.reject(refusal('permanent'));
  },
};

/** What a trial found; `taken` are the numbers of the example items whose responsibility the stage took. */
export interface Trial {
  takenItems: number;
  /** Items that the stage did not take, so that their sender still has them. */
  refusedItems: number;
  /** Errors that were thrown or rejected without being a `PipelineError`. */
  unclassified: unknown[];
  /** Batches whose bytes were changed. */
  writtenBatches: number;
  ledger: { readonly balance: number; readonly held: number };
  /** Bytes that are still accounted after shutdown: handles kept or lost. */
  accountedBytes: number;
}

/** Starts a stage, gives it five batches of ten items, one after the other, and shuts it down. */
export async function tryStage(
  stage: Stage,
  signal: Signal,
  host: Host,
  clock: Clock,
  ledger: RecordingLedger,
  itemsOut: () => number | Promise<number>,
  deadline: AbortSignal = noDeadline(),
): Promise<Trial> {
  const trial: Trial = {
    takenItems: 0,
    refusedItems: 0,
    unclassified: [],
    writtenBatches: 0,
    ledger: { balance: 0, held: 0 },
    accountedBytes: 0,
  };
  await stage.start?.(host);
  for (let i = 0; i < 5; i++) {
    using batch = exampleBatch(host.pool, signal, 10, i * 10);
    try {
      const consumed = stage.consume(batch);
      if (consumed !== undefined) await passTime(clock, consumed);
      trial.takenItems += batch.items;
    } catch (error) {
      trial.refusedItems += batch.items;
      if (!isPipelineError(error)) trial.unclassified.push(error);
    }
    if (!batch.bytes.equals(exampleRequest(signal, 10, i * 10))) trial.writtenBatches++;
  }
  const stopped = Promise.resolve(stage.shutdown?.(deadline));
  await passTime(clock, stopped);
  const dropped = Object.values(ledger.dropped).reduce((sum, items) => sum + items, 0);
  const balance = trial.takenItems + ledger.created - (await itemsOut()) - dropped - ledger.absorbed - ledger.held;
  trial.ledger = { balance, held: ledger.held };
  trial.accountedBytes = host.memory.accounted;
  return trial;
}

/** The parts of a trial that are the same for every correct stage. */
export function flaws(trial: Trial): Partial<Trial> {
  const { unclassified, writtenBatches, ledger, accountedBytes } = trial;
  return { unclassified, writtenBatches, ledger, accountedBytes };
}

/** What `flaws` says of a correct stage. */
export const flawless: Partial<Trial> = { unclassified: [], writtenBatches: 0, ledger: { balance: 0, held: 0 }, accountedBytes: 0 };

/** A consumer that hands its calls, numbered, to a behaviour. */
export function numbered(behaviour: Behaviour): (batch: Batch) => Consumed {
  let call = 0;
  return () => behaviour(call++);
}

/** A consumer that refuses everything for now. */
export const refusingConsumer: Consumer = {
  consume: () => {
    throw refusal('retryable');
  },
};
