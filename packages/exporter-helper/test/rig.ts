import { type BatchLog, type LogOwner, PipelineError, type Stage, type StoredBatch } from '@millrace/api';
import { exampleBatch, itemNames, testContext, type TestContext, testHost } from '@millrace/api/testing';
import { type Batch, type Client, noClient, type Signal } from '@millrace/wire';
import { createExporter, type ExporterSettings, type Push, type QueueConfig } from '@millrace/exporter-helper';

export const queue: QueueConfig = { enabled: true, num_consumers: 1, queue_size: 1000, sizer: 'requests', block_on_overflow: false };
export const retry: ExporterSettings['retry_on_failure'] = {
  enabled: true,
  initial_interval: '1s',
  randomization_factor: 0,
  multiplier: 1,
  max_interval: '1s',
  max_elapsed_time: '0s',
};

/** A storage in memory whose failures a test decides. */
export class FakeStorage {
  /** Encoded requests that are not acknowledged, by log name. */
  readonly logs = new Map<string, Map<number, { batch: Batch; text: string }>>();
  readonly owners: LogOwner[] = [];
  failAppend: Error | undefined;
  failRead: Error | undefined;
  /** When set, an append waits for it. */
  gate: Promise<void> | undefined;
  closed = 0;
  #next = 0;

  openLog(owner: LogOwner): Promise<BatchLog> {
    this.owners.push(owner);
    const kept = this.logs.get(owner.name) ?? new Map<number, { batch: Batch; text: string }>();
    this.logs.set(owner.name, kept);
    const storedOf = (key: number, { batch }: { batch: Batch }): StoredBatch & { key: number } => ({
      key,
      items: batch.items,
      sizeBytes: batch.sizeBytes,
    });
    return Promise.resolve({
      recovered: [...kept].map(([key, record]) => storedOf(key, record)),
      append: async (batch) => {
        await this.gate;
        if (this.failAppend !== undefined) throw this.failAppend;
        const key = this.#next++;
        // Storage is no memory of the pool.
        const copy = testHost().pool;
        const lease = copy.lease(batch.sizeBytes);
        batch.bytes.copy(lease.buffer);
        const { createBatch } = await import('@millrace/wire');
        const record = {
          batch: createBatch(batch.signal, lease, 0, batch.sizeBytes, batch.items, batch.client),
          text: itemNames([batch.bytes]).join(),
        };
        kept.set(key, record);
        return storedOf(key, record);
      },
      read: async (stored) => {
        await Promise.resolve();
        if (this.failRead !== undefined) throw this.failRead;
        const { batch } = kept.get((stored as StoredBatch & { key: number }).key)!;
        const lease = owner.pool.lease(batch.sizeBytes);
        batch.bytes.copy(lease.buffer);
        const { createBatch } = await import('@millrace/wire');
        return createBatch(batch.signal, lease, 0, batch.sizeBytes, batch.items, batch.client);
      },
      acknowledge: (stored) => {
        kept.delete((stored as StoredBatch & { key: number }).key);
        return Promise.resolve();
      },
      close: () => {
        this.closed++;
        return Promise.resolve();
      },
    });
  }

  /** Items that are kept in a log. */
  itemsOf(name: string): number {
    return [...(this.logs.get(name)?.values() ?? [])].reduce((sum, { batch }) => sum + batch.items, 0);
  }
}

/** An attempt that waits for its answer. */
export interface Attempt {
  readonly names: string[];
  readonly client: Client;
  readonly answer: (result?: Awaited<ReturnType<Push>>) => void;
  readonly fail: (error: Error) => void;
}

export interface Rig {
  readonly stage: Stage;
  readonly context: TestContext;
  readonly host: ReturnType<typeof testHost>;
  readonly attempts: Attempt[];
  /** Numbers of the items of each attempt so far. */
  sent(): number[][];
  /** Offers a batch of items `first` and following; tells how it went. */
  offer(first: number, items?: number, client?: Client): Promise<string>;
}

const numbersOf = (names: readonly string[]): number[] => names.map((name) => Number(name.slice(5)));

export async function rig(
  config: ExporterSettings,
  options: { storage?: FakeStorage; signal?: Signal; budgetBytes?: number; context?: Partial<TestContext>; answer?: Push } = {},
): Promise<Rig> {
  const { signal = 'traces', storage } = options;
  const context = testContext({ id: 'test', kind: 'exporter', signal, ...options.context });
  const host = testHost(options.budgetBytes, new Map<string, unknown>(storage === undefined ? [['other', {}]] : [['disk', storage], ['other', {}]])); // prettier-ignore
  const attempts: Attempt[] = [];
  const push: Push = (batch, abort) => {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Push>>>();
    abort.addEventListener('abort', () => reject(abort.reason));
    attempts.push({ names: itemNames([batch.bytes]), client: batch.client, answer: (result) => resolve(result), fail: reject });
    if (options.answer !== undefined) options.answer(batch, abort).then(resolve, reject);
    return promise;
  };
  const stage = createExporter({ context, config, push });
  await stage.start!(host);
  return {
    stage,
    context,
    host,
    attempts,
    sent: () => attempts.map(({ names }) => numbersOf(names)),
    async offer(first, items = 10, client = noClient) {
      const batch = exampleBatch(host.pool, signal, items, first, client);
      try {
        const consumed = stage.consume(batch);
        if (consumed === undefined) return 'taken at once';
        await consumed;
        return 'taken';
      } catch (error) {
        return (error as Error).message;
      } finally {
        batch.release();
      }
    },
  };
}

/** The whole numbers from `first` on. */
export const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

export const permanent = (message = 'no'): PipelineError => new PipelineError(message, { kind: 'permanent' });
export const temporary = (message = 'busy'): PipelineError => new PipelineError(message, { kind: 'retryable' });
