import type { FuzzedSignal, Input } from './judge.ts';

/** What became of a request. */
export interface Answer {
  readonly accepted: boolean;
  /** Why it was refused. */
  readonly reason: string;
}

/** Something that takes requests. */
export interface Target {
  /** Answers within a bound; throws when there is no proper answer. */
  send(input: Input): Promise<Answer>;
  /** Called with everything that comes out; `items` as the target counted them, where it tells. */
  readonly arrived: (signal: FuzzedSignal, bytes: Buffer, items: number | undefined) => void;
  /** Throws when the target is not well. */
  check(): void;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
}
