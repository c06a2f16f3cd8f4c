import type { ByteRange } from '@millrace/wire';
import { KeyMemory } from './key-memory.ts';

/** A question about attribute keys whose answers are remembered. */
export class KeyTest {
  readonly #memory: KeyMemory;

  constructor(judge: (key: string) => boolean) {
    this.#memory = new KeyMemory((key) => (judge(key) ? 1 : 0));
  }

  ask(key: string | ByteRange): boolean {
    return this.#memory.ask(key) === 1;
  }
}
