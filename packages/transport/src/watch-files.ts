import { readFile } from 'node:fs/promises';
import type { Clock, Timer } from '@millrace/api';

/** How files are watched. */
export interface WatchOptions {
  readonly clock: Clock;
  /** How often they are read. Default 1,000. */
  readonly intervalMs?: number;
  /** The contents when the watch begins, in the order of the files. */
  readonly contents: readonly string[];
  /** Is given the new contents whenever one of them changed. When it throws, they are offered again after the interval. */
  changed(contents: readonly string[]): void;
  /** The files cannot be read, or `changed` threw; told once per message until they are good again. */
  failed(error: Error): void;
}

/** A watch that goes on until it is closed. */
export interface Watch {
  close(): void;
}

/**
 * Reads small files at an interval. Reading finds every way of changing a file (written in place, renamed over, mounted anew through links
 * as Kubernetes does) on every file system, which notifications do not.
 */
export function watchFiles(files: readonly string[], options: WatchOptions): Watch {
  const { clock, intervalMs = 1000 } = options;
  let known = options.contents;
  let complaint = '';
  let closed = false;
  let timer: Timer | undefined;
  const look = async (): Promise<void> => {
    try {
      const contents = await Promise.all(files.map((file) => readFile(file, 'utf8')));
      if (closed) return;
      if (contents.some((content, i) => content !== known[i])) {
        options.changed(contents);
        known = contents;
      }
      complaint = '';
    } catch (error) {
      if (closed || (error as Error).message === complaint) return;
      complaint = (error as Error).message;
      options.failed(error as Error);
    } finally {
      if (!closed) schedule();
    }
  };
  const schedule = (): void => {
    timer = clock.setTimeout(() => void look(), intervalMs);
  };
  if (files.length > 0) schedule();
  return {
    close: () => {
      closed = true;
      timer?.cancel();
    },
  };
}
