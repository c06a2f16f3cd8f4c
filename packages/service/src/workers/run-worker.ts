import { parentPort, workerData } from 'node:worker_threads';
import type { Context, FactoryEntry } from '@millrace/api';
import type { CheckedConfig } from '@millrace/config';
import { Service } from '../service.ts';
import type { MainMessage, WorkerMessage } from './messages.ts';
import { RemoteStages } from './remote-stages.ts';

/** What a worker is told when it starts. */
export interface WorkerData {
  readonly config: CheckedConfig;
  readonly program: Context['program'];
  readonly featureGates: ReadonlySet<string>;
  readonly memoryBudgetBytes: number;
  readonly memoryShares: Float64Array;
  readonly tallies: ReadonlyMap<string, Float64Array>;
  /** From 1 on; the main thread is 0. */
  readonly index: number;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The whole life of a worker thread: its share of the pipelines of the configuration that the main thread checked. Stages that are one for
 * the process stay on the main thread, and get whole batches from here.
 */
export async function runWorker(components: readonly FactoryEntry[]): Promise<void> {
  const { index, memoryShares, tallies, memoryBudgetBytes, ...options } = workerData as WorkerData;
  const port = parentPort!;
  const post = (message: WorkerMessage): void => port.postMessage(message);
  const remote = new RemoteStages(port);
  const stop = Promise.withResolvers<number>();
  let service: Service | undefined;
  port.on('message', (message: MainMessage) => {
    remote.receive(message);
    if (message.kind === 'stop') stop.resolve(message.withinMs);
    if (message.kind !== 'call') return;
    const answer = (value: unknown): void => post({ kind: 'answer', id: message.id, value });
    if (message.what === 'metrics' && service !== undefined) void service.ownMetrics().then(answer, () => answer(undefined));
    else answer(message.what === 'items' ? service?.ledger.entries.map((entry) => entry.totals) : undefined);
  });
  try {
    service = await Service.create({
      ...options,
      components,
      memoryBudgetBytes,
      thread: { index, memoryShares, tallies, remote, onStatus: (report) => post({ kind: 'status', report }) },
    });
    const { logger } = service;
    process.on('uncaughtException', (error) => logger.error('An error was not handled.', { error: String(error) }));
    process.on('unhandledRejection', (error) => logger.error('A rejection was not handled.', { error: String(error) }));
    await service.start();
    post({ kind: 'ready' });
    const withinMs = await Promise.race([stop.promise, service.failure]);
    if (withinMs instanceof Error) post({ kind: 'failed', message: withinMs.message });
    const errors: string[] = [];
    await service.shutdown(await stop.promise).catch((error: unknown) => errors.push(textOf(error)));
    post({ kind: 'stopped', items: service.ledger.entries.map((entry) => entry.totals), errors });
  } catch (error) {
    post({ kind: 'failed', message: textOf(error) });
  } finally {
    port.close();
  }
}
