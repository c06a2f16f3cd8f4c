import { deserialize } from 'node:v8';
import { SeriesKey } from '@millrace/timeseries';
import type { PlainAttributes } from '@millrace/wire';
import type { Aggregator } from './aggregator.ts';
import { ByteReader } from './byte-reader.ts';
import type { Cells } from './cells.ts';
import type { Group } from './output-series.ts';
import type { Rule } from './rule.ts';
import { readDistribution, readExemplar, readSketch, readWords } from './state-values.ts';
import { record, stateVersion } from './write-state.ts';

/** Makes a new aggregator continue where another one was, from the parts of what `writeState` wrote, in their order. */
export class StateReader {
  readonly #aggregator: Aggregator;
  readonly #fingerprint: string;
  readonly #rules: readonly Rule[];
  /** By the slots that they had. */
  readonly #groups: Group[] = [];
  #open: Cells[] = [];
  #isStarted = false;
  /** Why nothing of the state is taken over. */
  refusal: string | undefined;

  constructor(aggregator: Aggregator, fingerprint: string, rules: readonly Rule[]) {
    this.#aggregator = aggregator;
    this.#fingerprint = fingerprint;
    this.#rules = rules;
  }

  /** Takes the next part over. What it needs of the bytes is copied. */
  read(part: Buffer): void {
    const from = new ByteReader(part);
    if (!this.#isStarted) this.#start(part);
    while (!from.isDone && this.refusal === undefined) {
      switch (from.byte()) {
        case record.header:
          this.#readHeader(from);
          break;
        case record.group:
          this.#readGroup(from);
          break;
        case record.series:
          this.#readSeries(from);
          break;
        default:
          this.#readInput(from);
      }
    }
  }

  #start([kind, version]: Buffer): void {
    this.#isStarted = true;
    if (kind !== record.header || version !== stateVersion) this.refusal = 'What is in the storage was written by another version';
  }

  #readHeader(from: ByteReader): void {
    const { windows, input, series } = this.#aggregator;
    from.byte();
    if (from.text(from.varint()) !== this.#fingerprint) {
      this.refusal = 'The windows or rules were changed';
      return;
    }
    series.identity = new SeriesKey(readWords(from));
    const maxTimeMs = from.double();
    const closedUntilMs = from.double();
    if (maxTimeMs !== -Infinity) this.#aggregator.resume(maxTimeMs, closedUntilMs);
    input.sinceNanos = from.double();
    this.#open = Array.from({ length: from.varint() }, () => {
      const length = from.varint();
      return windows.opened(from.double(), length === 0 ? undefined : length - 1);
    });
  }

  #readGroup(from: ByteReader): void {
    const slot = from.varint();
    const words = readWords(from);
    // A copy: what is made of it may refer to its bytes.
    const fields = deserialize(Buffer.from(from.bytes(from.varint()))) as [number, string, string, PlainAttributes];
    const [rule, name, unit, resource] = fields;
    this.#groups[slot] = this.#aggregator.output.addGroup(words, this.#rules[rule]!, name, unit, resource);
  }

  #readSeries(from: ByteReader): void {
    const words = readWords(from);
    const seen = from.int32();
    const group = this.#groups[from.varint()]!;
    const isOverflow = from.byte() === 1;
    const attributes = from.bytes(from.varint());
    const slot = this.#aggregator.output.add(words, group, attributes, attributes.length, seen);
    if (isOverflow) group.overflow = slot;
    for (let place = from.varint(); place > 0; place = from.varint()) {
      const cells = this.#open[place - 1]!;
      cells.add(slot, from.double(), from.double(), from.double(), from.double(), from.double());
      const sketch = readSketch(from);
      if (sketch !== undefined) cells.mergeSketch(slot, sketch.scale, sketch);
      const exemplar = readExemplar(from);
      if (exemplar !== undefined) cells.setExemplar(slot, exemplar);
    }
  }

  #readInput(from: ByteReader): void {
    const { input } = this.#aggregator;
    const slot = input.map.add(readWords(from), from.int32());
    for (let i = 0; i < 3; i++) input.values.values[slot * 3 + i] = from.double();
    const distribution = readDistribution(from);
    if (distribution !== undefined) input.set(slot, distribution);
  }
}
