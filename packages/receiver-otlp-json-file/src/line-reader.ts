import { isPermanent, lend, noClient, WireError } from '@millrace/api';
import type { Batch, Consumer, Context, Host, Signal } from '@millrace/api';
import { admitJson } from '@millrace/wire';
import type { FileAttributes, FileAttributeVisitor } from './file-attributes.ts';
import { lineSignal } from './line-signal.ts';
import type { LineSplitter, LineTaker } from './line-splitter.ts';

/** Bad lines of one file that are logged at one look; of the others only the number is. */
const mostLogged = 10;

/** Where lines come from and go to. */
export interface LineRoute {
  readonly path: string;
  readonly attributes: FileAttributes;
  readonly next: ReadonlyMap<Signal, Consumer>;
  readonly context: Context;
  readonly host: Host;
  readonly visitor: FileAttributeVisitor;
  /** Whether no more lines are to be passed on. */
  isStopped(): boolean;
}

/** Passes the lines of one file on. */
export class LineReader implements LineTaker {
  readonly #route: LineRoute;
  #badLines = 0;
  #isRest = false;
  #isIncomplete = false;

  constructor(route: LineRoute) {
    this.#route = route;
  }

  line(bytes: Buffer, offset: number): Promise<boolean> | boolean {
    if (this.#route.isStopped()) return false;
    if (isBlank(bytes)) return true;
    const signal = lineSignal(bytes);
    if (signal === undefined) return this.#bad(offset, 'no resourceSpans, resourceMetrics or resourceLogs');
    const consumer = this.#route.next.get(signal);
    if (consumer === undefined) return true;
    if (consumer.refusing?.() !== undefined) return false;
    let batch: Batch;
    try {
      const lease = this.#route.host.pool.lease(bytes.length);
      bytes.copy(lease.buffer);
      batch = admitJson(signal, lease, 0, bytes.length, noClient);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return this.#bad(offset, error.message);
    }
    const { items } = batch;
    if (items === 0) {
      batch.release();
      return true;
    }
    try {
      const taken = lend(consumer, this.#route.visitor.apply(batch, this.#route.attributes));
      return taken === undefined
        ? true
        : taken.then(
            () => true,
            (error: unknown) => this.#refused(error, items, offset),
          );
    } catch (error) {
      return this.#refused(error, items, offset);
    }
  }

  tooLong(offset: number, sizeBytes: number): void {
    this.#bad(offset, `the line has ${sizeBytes} bytes, more than max_log_size`, 'line_too_long');
  }

  /** Offers the line without newline. One that is no complete JSON is not bad yet. */
  async tryRest(splitter: LineSplitter): Promise<'taken' | 'refused' | 'incomplete'> {
    this.#isRest = true;
    this.#isIncomplete = false;
    await splitter.rest();
    this.#isRest = false;
    if (!splitter.hasRest) return 'taken';
    return this.#isIncomplete ? 'incomplete' : 'refused';
  }

  /** Logs how many bad lines there were beyond those that were logged. */
  summarize(): void {
    const more = this.#badLines - mostLogged;
    if (more > 0) this.#route.context.logger.error('More lines could not be read.', { path: this.#route.path, lines: more });
  }

  #bad(offset: number, error: string, reason = 'invalid_line'): boolean {
    if (this.#isRest) {
      this.#isIncomplete = true;
      return false;
    }
    this.#route.context.items.create(1);
    this.#route.context.items.drop(1, reason);
    if (++this.#badLines <= mostLogged)
      this.#route.context.logger.error('A line could not be read.', { path: this.#route.path, offset, error: error.slice(0, 512) });
    return true;
  }

  #refused(error: unknown, items: number, offset: number): boolean {
    if (!isPermanent(error)) return false;
    this.#route.context.items.create(items);
    this.#route.context.items.drop(items, 'permanent');
    this.#route.context.logger.error('The pipeline refused a line for good.', {
      path: this.#route.path,
      offset,
      error: (error as Error).message,
    });
    return true;
  }
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
