import { Worker } from 'node:worker_threads';
import type { AnswerMessage, CallMessage, NoticeMessage, ThreadData } from './calls.ts';

/** An error of a thread, with the name that it had there. */
export class ThreadError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Asks a reader or writer, wherever it runs. */
export interface Thread {
  call(name: string, values: readonly unknown[], transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  /** After what was asked for before. */
  close(): Promise<void>;
}

/** A reader or writer in a thread of its own. Rejects when it cannot open the file. */
export async function startThread(
  data: ThreadData,
  notice: (message: NoticeMessage) => void,
  ended: (error: Error) => void,
): Promise<Thread> {
  const { scriptUrl } = await import('./thread-script.ts');
  const isSource = scriptUrl.pathname.endsWith('.ts');
  const worker = new Worker(scriptUrl, {
    workerData: { millraceHistory: data },
    name: `history ${data.role}`,
    ...(isSource && { execArgv: ['--conditions=@millrace/source', '--disable-warning=ExperimentalWarning'] }),
  });
  const calls = new Calls();
  const ready = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<void>();
  worker.on('message', (message: AnswerMessage | NoticeMessage | 'ready') => {
    if (message === 'ready') ready.resolve();
    else if ('notice' in message) notice(message);
    else calls.answer(message);
  });
  let isClosing = false;
  let failure: Error | undefined;
  worker.on('error', (error) => (failure = error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', () => {
    const error = failure ?? new Error(`the ${data.role} of history ended`);
    ready.reject(error);
    calls.fail(error);
    exited.resolve();
    if (!isClosing) ended(error);
  });
  await ready.promise;
  return {
    call: (name, values, transfer = []) => calls.make((message) => worker.postMessage(message, [...transfer]), name, values),
    close: () => {
      isClosing = true;
      worker.postMessage('close');
      return exited.promise;
    },
  };
}

/** A reader or writer in this thread, which it blocks: for programs that do nothing else. */
export async function localThread(data: ThreadData, notice: (message: NoticeMessage) => void): Promise<Thread> {
  const { CallServer } = await import('./calls.ts');
  const calls = new Calls();
  const server = new CallServer(data, (message) => calls.answer(message), notice);
  return {
    call: (name, values) => calls.make((message) => server.receive(message), name, values),
    close: () => {
      server.close();
      return Promise.resolve();
    },
  };
}

/** Calls that wait for their answer. */
class Calls {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;
  #failure: Error | undefined;

  make(send: (message: CallMessage) => void, name: string, values: readonly unknown[]): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#last;
    const call = Promise.withResolvers<unknown>();
    this.#waiting.set(id, call);
    send({ id, name, values });
    return call.promise;
  }

  answer({ id, value, error }: AnswerMessage): void {
    const call = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new ThreadError(error.name, error.message));
  }

  fail(error: Error): void {
    this.#failure = error;
    for (const call of this.#waiting.values()) call.reject(error);
    this.#waiting.clear();
  }
}
