import type { Recorder } from '@millrace/sdk';
import type { Tally } from './tally.ts';

type Label = string | number | undefined;

/** Records in metrics of the list, and in the tally beside them. Labels are values in the order of the list. */
export class Rows {
  readonly recorder: Recorder;
  readonly tally: Tally;

  constructor(recorder: Recorder, tally: Tally) {
    this.recorder = recorder;
    this.tally = tally;
  }

  count(name: string, labels: readonly Label[] = [], by = 1): void {
    this.recorder
      .counter(name)
      .seriesOf(...labels)
      .add(by);
    this.tally.add(name, by);
  }

  /** Adds to an up-down counter. */
  change(name: string, labels: readonly Label[], by: number): void {
    this.recorder
      .upDownCounter(name)
      .seriesOf(...labels)
      .add(by);
    this.tally.add(name, by);
  }

  observe(name: string, labels: readonly Label[], value: number): void {
    this.recorder
      .histogram(name)
      .seriesOf(...labels)
      .record(value);
    this.tally.observe(name, value);
  }

  set(name: string, labels: readonly Label[], value: number): void {
    this.recorder
      .gauge(name)
      .seriesOf(...labels)
      .set(value);
    this.tally.set(name, labels, value);
  }
}
