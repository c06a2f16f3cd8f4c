import { Reader } from './reader.ts';
import { StoreFull, StoreReplaced, Writer } from './writer.ts';
import type { Append } from './writer.ts';
import type { WriteOptions } from './write-options.ts';

/** What a thread is told at its start. */
export type ThreadData =
  | { readonly role: 'reader'; readonly file: string }
  | { readonly role: 'writer'; readonly options: WriteOptions; readonly nowMs: number };

/** A call on its way to a thread, and what comes back. */
export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly values: readonly unknown[];
}
export interface AnswerMessage {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** Something to tell the owner of a store: a file was set aside. */
export interface NoticeMessage {
  readonly notice: { readonly path: string; readonly reason: string };
}

type Answer = (message: AnswerMessage) => void;

/** Serves calls one after the other; what is appended is committed together with all that has come meanwhile. */
export class CallServer {
  readonly #answer: Answer;
  readonly #reader: Reader | undefined;
  readonly #writer: Writer | undefined;
  #waiting: { readonly id: number; readonly append: Append }[] = [];
  #isScheduled = false;
  /** Of work that was done between calls. */
  #failure: unknown;

  constructor(data: ThreadData, answer: Answer, notice: (message: NoticeMessage) => void) {
    this.#answer = answer;
    if (data.role === 'reader') this.#reader = new Reader(data.file);
    else this.#writer = new Writer(data.options, data.nowMs, ({ path, reason }) => notice({ notice: { path, reason } }));
  }

  receive({ id, name, values }: CallMessage): void {
    if (name === 'append') {
      this.#waiting.push({ id, append: values[0] as Append });
      return this.#schedule();
    }
    this.#flush();
    try {
      const target = (this.#reader ?? this.#writer) as unknown as Record<string, (...values: readonly unknown[]) => unknown>;
      const value = target[name]!(...values);
      if (name === 'maintain' && this.#failure !== undefined) {
        const failure = this.#failure;
        this.#failure = undefined;
        throw failure;
      }
      this.#answer({ id, value });
    } catch (error) {
      this.#answer({ id, error: plain(error) });
    }
    if (this.#writer?.hasWork === true) this.#schedule();
  }

  close(): void {
    this.#flush();
    this.#reader?.close();
    this.#writer?.close();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
      try {
        if (this.#writer!.work()) this.#schedule();
      } catch (error) {
        // The blocks stay, and are compacted another time. Nobody waits for this: it is told with the next maintenance.
        this.#failure = error;
      }
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    try {
      this.#writer!.commit(waiting.map(({ append }) => append));
      for (const { id } of waiting) this.#answer({ id });
    } catch (error) {
      // One bad block must not fail the others.
      if (waiting.length > 1 && !(error instanceof StoreFull) && !(error instanceof StoreReplaced)) return this.#flushEach(waiting);
      for (const { id } of waiting) this.#answer({ id, error: plain(error) });
    }
  }

  #flushEach(waiting: readonly { readonly id: number; readonly append: Append }[]): void {
    for (const { id, append } of waiting) {
      try {
        this.#writer!.commit([append]);
        this.#answer({ id });
      } catch (error) {
        this.#answer({ id, error: plain(error) });
      }
    }
  }
}

function plain(error: unknown): { readonly name: string; readonly message: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message };
}
