import { isStorage } from '@millrace/api';
import type { Context, Host, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { StateLog } from '@millrace/state-log';
import type { ForecastConfig } from './config.ts';
import { encodeState, restoreState } from './state.ts';
import type { State } from './state.ts';

/** Keeps what was seen in a storage: what changed, regularly, one writing after the other. */
export class StateKeeper {
  readonly #state: State;
  readonly #context: Context;
  readonly #intervalMs: number;
  #log: StateLog | undefined;
  #timer: Timer | undefined;
  /** Points that had been looked at, and when the last forecasts were made, when state was written last. */
  #written: readonly [number, number] = [0, -Infinity];
  #saving: Promise<void> = Promise.resolve();

  constructor(state: State, config: ForecastConfig, context: Context) {
    this.#state = state;
    this.#context = context;
    this.#intervalMs = durationMs(config.checkpoint_interval);
  }

  /** Reads what an earlier run of the same `name` left, and begins to write. Rejects when the storage is not there. */
  async open(host: Host, storage: string, name: string): Promise<void> {
    const { id, kind, logger } = this.#context;
    const log = await host.extension(storage, isStorage).openLog({ kind, id, name, signal: 'logs', pool: host.pool });
    this.#log = new StateLog(log, host.pool, 'what was seen');
    const left = restoreState(this.#state, await this.#log.recover(logger));
    if (left.unreadable > 0)
      logger.error('Records of what was seen cannot be read; what they say is missing.', { records: left.unreadable });
    if (left.foreign > 0) logger.warn('The allowed lateness was changed: what an earlier run saw is forgotten.');
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
    const { book, points, rounds } = this.#state;
    const now = [points.read, rounds.madeMs] as const;
    if (now[0] === this.#written[0] && now[1] === this.#written[1]) return;
    this.#written = now;
    const all = log.isLong;
    const records = encodeState(this.#state, all);
    try {
      await (all ? log.rewrite(records) : log.append(records));
    } catch (error) {
      for (const series of book.series.values()) series.dirty = true;
      this.#written = [-1, now[1]];
      this.#context.logger.error('What was seen could not be written to the storage.', { error: String(error) });
    }
  }

  /** Writes for the last time. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#save();
    await this.#log?.close();
  }
}
