import { stat } from 'node:fs/promises';

/**
 * Notices that a file is another one than the last time. `fs.watchFile` does not know what was read before its first look, so a change between
 * the two would go unnoticed.
 */
export class FileChange {
  readonly #file: string;
  readonly #changed: () => Promise<unknown>;
  #known = '';
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  /** `changed` is called for each change, one at a time. */
  constructor(file: string, changed: () => Promise<unknown>) {
    this.#file = file;
    this.#changed = changed;
  }

  /** To be called before the file is read: what it is then is no change. */
  async note(): Promise<void> {
    this.#known = await signature(this.#file);
  }

  /** Looks every so often, without keeping the process alive. */
  start(intervalMs: number): void {
    this.#timer = setInterval(() => void this.#look(), intervalMs);
    this.#timer.unref();
  }

  /** Safe twice. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const now = await signature(this.#file);
    if (now !== this.#known && this.#timer !== undefined) await this.#changed();
    this.#looking = false;
  }
}

/** What tells one state of a file from another; '' when there is none. */
async function signature(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return '';
  }
}
