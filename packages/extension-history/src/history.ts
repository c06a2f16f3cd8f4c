import { resolve } from 'node:path';
import type { Context } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { HistoryStore } from '@millrace/history';
import type { HistoryExtension } from '@millrace/history';
import type { HistoryConfig } from './config.ts';

const mib = 1024 * 1024;

/** Opens the store when it starts and closes it when it shuts down. */
export class History implements HistoryExtension {
  readonly #config: HistoryConfig;
  readonly #context: Context;
  #store: HistoryStore | undefined;

  constructor(config: HistoryConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  /** After `start`; before it there is none, and the guards say no. */
  get store(): HistoryStore {
    return this.#store!;
  }

  get metrics(): HistoryStore['metrics'] {
    return this.#store?.metrics as HistoryStore['metrics'];
  }

  async start(): Promise<void> {
    const { directory, fsync, max_size_mib: maxMib, retention, traces, logs } = this.#config;
    const { clock, logger } = this.#context;
    const items = (of: HistoryConfig['traces']): { retentionMs: number; maxSizeBytes: number } => ({
      retentionMs: durationMs(of.retention),
      maxSizeBytes: of.max_size_mib * mib,
    });
    this.#store = await HistoryStore.open({
      directory: resolve(directory),
      clock,
      fsync,
      maxSizeBytes: maxMib === 0 ? Infinity : maxMib * mib,
      retentionMs: {
        raw: durationMs(retention.raw),
        '1m': durationMs(retention['1m']),
        '5m': durationMs(retention['5m']),
        '1h': durationMs(retention['1h']),
        '1d': durationMs(retention['1d']),
      },
      items: { traces: items(traces), logs: items(logs) },
      warn: (message, attributes) => logger.warn(message, attributes),
    });
  }

  async shutdown(): Promise<void> {
    await this.#store?.close();
  }
}
