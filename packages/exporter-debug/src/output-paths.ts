import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { PipelineError } from '@millrace/api';

type Write = (text: string) => Promise<void>;

function toStream(stream: NodeJS.WriteStream): Write {
  return (text) => new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())));
}

/** Writes texts to `stdout`, `stderr` and the ends of files, one text after the other. */
export class OutputPaths {
  readonly #paths: readonly string[];
  #files: FileHandle[] = [];
  #writes: Write[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Rejects when a file cannot be written. */
  async open(): Promise<void> {
    for (const path of this.#paths) {
      if (path === 'stdout' || path === 'stderr') {
        this.#writes.push(toStream(process[path]));
        continue;
      }
      const file = await open(path, 'a').catch((error: Error) => {
        throw new Error(`opening output path ${JSON.stringify(path)}: ${error.message}`, { cause: error });
      });
      this.#files.push(file);
      this.#writes.push((text) => file.appendFile(text));
    }
  }

  /** Resolves when the text is written everywhere; rejects with a retryable `PipelineError`. */
  write(text: string): Promise<void> {
    const written = this.#last.then(() => Promise.all(this.#writes.map((write) => write(text))));
    this.#last = written.then(
      () => undefined,
      () => undefined,
    );
    return written.then(
      () => undefined,
      (error: Error) => {
        throw new PipelineError(`writing debug output: ${error.message}`, { kind: 'retryable', cause: error });
      },
    );
  }

  /** Closes the files once everything is written. */
  async close(): Promise<void> {
    await this.#last;
    const files = this.#files;
    this.#files = [];
    this.#writes = [];
    for (const file of files) await file.close();
  }
}
