import { isStorage } from '@millrace/api';
import type { Context, Host, Timer } from '@millrace/api';
import { StateLog } from '@millrace/state-log';
import type { Hasher } from './labels.ts';
import type { Ledger } from './ledger.ts';
import { encodeState, restoreState } from './state.ts';

/** Keeps what is spent in a storage: what changed, regularly and when it is asked for, one writing after the other. */
export class StateKeeper {
  readonly #ledger: Ledger;
  readonly #hasher: Hasher;
  readonly #context: Context;
  readonly #intervalMs: number;
  #log: StateLog | undefined;
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(ledger: Ledger, hasher: Hasher, context: Context, intervalMs: number) {
    this.#ledger = ledger;
    this.#hasher = hasher;
    this.#context = context;
    this.#intervalMs = intervalMs;
  }

  /** Reads what an earlier run of the same `name` left, and begins to write. Rejects when the storage is not there. */
  async open(host: Host, storage: string, name: string): Promise<void> {
    const { id, kind, logger } = this.#context;
    const log = await host.extension(storage, isStorage).openLog({ kind, id, name, signal: 'logs', pool: host.pool });
    this.#log = new StateLog(log, host.pool, 'what was spent');
    const changed = restoreState(this.#ledger, this.#hasher, await this.#log.recover(logger), () =>
      logger.error('A record of what was spent cannot be read; what it says is missing.'),
    );
    if (changed.length > 0) logger.warn('Budgets were changed: what an earlier run knew of them is forgotten.', { budgets: changed });
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#schedule();
      void this.save();
    }, this.#intervalMs);
  }

  /** Writes what changed. Resolves when it is written, or that has failed: then it is said, and tried again the next time. At once without a storage. */
  save(): Promise<void> | undefined {
    const log = this.#log;
    if (log === undefined) return undefined;
    return (this.#saving = this.#saving.then(() => this.#write(log)));
  }

  async #write(log: StateLog): Promise<void> {
    const all = log.isLong;
    const records = encodeState(this.#ledger, this.#hasher, all);
    try {
      await (all ? log.rewrite(records) : log.append(records));
    } catch (error) {
      for (const budget of this.#ledger.budgets) for (const account of budget.all()) account.dirty = true;
      this.#context.logger.error('What was spent could not be written to the storage.', { error: String(error) });
    }
  }

  /** Writes for the last time. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.save();
    await this.#log?.close();
  }
}
