import { isStorage } from '@millrace/api';
import type { Context, Host, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { StateLog } from '@millrace/state-log';
import type { AnomalyConfig } from './config.ts';
import { encodeState, fingerprintOf, restoreState } from './state.ts';
import type { Watch } from './watch.ts';

/** Keeps what is usual in a storage: what changed, regularly, one writing after the other. */
export class StateKeeper {
  readonly #watch: Watch;
  readonly #context: Context;
  readonly #fingerprint: string;
  readonly #intervalMs: number;
  #log: StateLog | undefined;
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(watch: Watch, config: AnomalyConfig, context: Context) {
    this.#watch = watch;
    this.#context = context;
    this.#fingerprint = fingerprintOf(config);
    this.#intervalMs = durationMs(config.checkpoint_interval);
  }

  /** Reads what an earlier run of the same `name` left, and begins to write. Rejects when the storage is not there. */
  async open(host: Host, storage: string, name: string): Promise<void> {
    const { id, kind, logger } = this.#context;
    const log = await host.extension(storage, isStorage).openLog({ kind, id, name, signal: 'logs', pool: host.pool });
    this.#log = new StateLog(log, host.pool, 'what is usual');
    const left = restoreState(this.#watch, this.#fingerprint, await this.#log.recover(logger));
    if (left.unreadable > 0)
      logger.error('Records of what is usual cannot be read; what they say is missing.', { records: left.unreadable });
    if (left.foreign > 0) logger.warn('The groups or intervals were changed: what an earlier run learned is forgotten.');
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#schedule();
      void this.#save();
    }, this.#intervalMs);
  }

  #save(): Promise<void> {
    const log = this.#log;
    return log === undefined ? this.#saving : (this.#saving = this.#saving.then(() => this.#write(log)));
  }

  async #write(log: StateLog): Promise<void> {
    const all = log.isLong;
    const records = encodeState(this.#watch, this.#fingerprint, all);
    try {
      await (all ? log.rewrite(records) : log.append(records));
    } catch (error) {
      for (const group of this.#watch.store.groups.values()) group.dirty = true;
      this.#context.logger.error('What is usual could not be written to the storage.', { error: String(error) });
    }
  }

  /** Writes for the last time. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#save();
    await this.#log?.close();
  }
}
