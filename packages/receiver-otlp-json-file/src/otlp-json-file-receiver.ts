import type { Component, Consumer, Context, Host, Signal, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { byteSize } from './byte-size.ts';
import type { OtlpJsonFileConfig } from './config.ts';
import { FileAttributeVisitor, fileAttributes } from './file-attributes.ts';
import { fileContent } from './file-content.ts';
import { findFiles } from './find-files.ts';
import { LineReader } from './line-reader.ts';
import { LineSplitter } from './line-splitter.ts';
import { Tail } from './tail.ts';
import { stateOf, TrackedFiles } from './tracked-files.ts';
import type { TrackedFile } from './tracked-files.ts';

/** Paths that cannot be read, of which each is logged once. */
const mostComplaints = 1_000;

/** Reads files of OTLP/JSON lines, one file and one line after the other. A line is done with when the pipeline took it. */
export class OtlpJsonFileReceiver implements Component {
  readonly #config: OtlpJsonFileConfig;
  readonly #next: ReadonlyMap<Signal, Consumer>;
  readonly #context: Context;
  readonly #files: TrackedFiles;
  readonly #visitor = new FileAttributeVisitor();
  readonly #complaints = new Set<string>();
  #host: Host | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #isFirstLook = true;
  #isStopped = false;

  constructor(config: OtlpJsonFileConfig, next: ReadonlyMap<Signal, Consumer>, context: Context) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
    const isGzip = (path: string): boolean =>
      config.compression === 'gzip' || (config.compression === 'auto' && path.toLowerCase().endsWith('.gz'));
    this.#files = new TrackedFiles(byteSize(config.fingerprint_size) ?? 0, isGzip);
  }

  start(host: Host): void {
    this.#host = host;
    this.#schedule(0);
  }

  /** Ends with the line that is being passed on, or when the time is up. */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    const ended = (this.#looking ?? Promise.resolve()).then(() => this.#files.close());
    if (signal.aborted) return;
    const timeUp = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([ended, timeUp]);
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: Error) => this.#context.logger.error('Looking for files failed.', { error: error.message }))
        .finally(() => {
          this.#looking = undefined;
          if (!this.#isStopped) this.#schedule(durationMs(this.#config.poll_interval));
        });
    }, delayMs);
  }

  async #look(): Promise<void> {
    const { include, exclude, exclude_older_than, replay_file, start_at } = this.#config;
    const paths = await findFiles(include, exclude);
    const oldest = exclude_older_than === undefined ? -Infinity : Date.now() - durationMs(exclude_older_than);
    if (replay_file) await this.#files.close();
    const files = await this.#files.look(paths, oldest, (path, error) => this.#complain(path, error));
    const skips = this.#isFirstLook && start_at === 'end';
    if (this.#isFirstLook && files.length === 0) this.#context.logger.warn('no files match the configured criteria', { include, exclude });
    this.#isFirstLook = false;
    for (const file of files) {
      if (this.#isStopped) return;
      try {
        await this.#read(file, skips);
      } catch (error) {
        this.#complain(file.path, error as Error);
      }
    }
  }

  async #read(file: TrackedFile, skips: boolean): Promise<void> {
    const handle = await this.#files.open(file);
    if (handle === undefined) return;
    const state = file.goneLooks === 0 ? file.state : stateOf(await handle.stat());
    const isWaiting = file.rest !== undefined && file.rest.sinceMs < Infinity;
    if (state === file.readState && !isWaiting) return;
    const reader = new LineReader({
      path: file.path,
      attributes: await fileAttributes(file.path, this.#config),
      next: this.#next,
      context: this.#context,
      host: this.#host as Host,
      visitor: this.#visitor,
      isStopped: () => this.#isStopped,
    });
    const splitter = new LineSplitter((this.#host as Host).pool, byteSize(this.#config.max_log_size) ?? 0, file.offset, file.tail, reader);
    let isRead = true;
    // The end of a plain file is found without reading all of it.
    if (skips && !file.isGzip) file.offset = Math.max(0, (await handle.stat()).size - 64);
    const tail = new Tail(Buffer.alloc(0));
    try {
      for await (const piece of fileContent(handle, file.offset, file.isGzip)) {
        if (skips) {
          file.offset += piece.length;
          tail.push(piece);
        } else if (!(await splitter.add(piece))) {
          isRead = false;
          break;
        }
      }
      if (!skips && isRead) isRead = await this.#readRest(file, state, splitter, reader);
    } finally {
      if (!skips) file.offset = splitter.offset;
      file.tail = skips ? tail.copy() : splitter.tail;
      splitter.release();
      reader.summarize();
    }
    file.readState = isRead ? state : '';
    await this.#files.done(file);
  }

  /** Reads the last line, which has no newline, when it stayed as it is for long enough. False when the pipeline did not take it. */
  async #readRest(file: TrackedFile, state: string, splitter: LineSplitter, reader: LineReader): Promise<boolean> {
    const periodMs = durationMs(this.#config.force_flush_period);
    if (!splitter.hasRest || periodMs <= 0) {
      file.rest = undefined;
      return true;
    }
    const nowMs = this.#context.clock.now();
    if (file.rest?.state !== state) file.rest = { sinceMs: nowMs, state };
    if (nowMs - file.rest.sinceMs < periodMs) return true;
    const result = await reader.tryRest(splitter);
    // Incomplete JSON waits for more.
    if (result === 'incomplete') file.rest = { sinceMs: Infinity, state };
    if (result === 'taken') file.rest = undefined;
    return result !== 'refused';
  }

  #complain(path: string, error: Error): void {
    if (this.#complaints.has(path) || this.#complaints.size >= mostComplaints) return;
    this.#complaints.add(path);
    this.#context.logger.error('A file could not be read.', { path, error: error.message });
  }
}
