import type { Recorder } from '@millrace/sdk';
import { RequestRecording } from './record-request.ts';
import { Surroundings } from './record-surroundings.ts';
import { Rows } from './rows.ts';
import { exportRequest } from './spans.ts';
import { Tally } from './tally.ts';
import { batchJobs, traffic } from './traffic.ts';
import type { DemoRequest, TrafficOptions } from './traffic.ts';

const minuteMs = 60_000;

/** What a demo is made of. */
export interface DemoOptions extends TrafficOptions {
  readonly recorder: Recorder;
  /** Takes the spans of some requests as an OTLP/JSON request. Default: nobody. */
  readonly export?: (request: object) => Promise<void>;
}

/** The application that is not there: it lives through time, records what happens by the SDK, exports spans, and keeps its own tally. */
export class Demo {
  readonly tally: Tally = new Tally();
  readonly rows: Rows;
  readonly #options: DemoOptions;
  readonly #requests: RequestRecording;
  readonly #surroundings: Surroundings;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.rows = new Rows(options.recorder, this.tally);
    this.#requests = new RequestRecording(this.rows);
    this.#surroundings = new Surroundings(this.rows, options.seed);
  }

  /** Lives from one moment to before another, as fast as it can. */
  async live(fromMs: number, untilMs: number): Promise<void> {
    for (let minute = Math.ceil(fromMs / minuteMs); minute * minuteMs < untilMs; minute++) this.#surroundings.minute(minute * minuteMs);
    for (const job of batchJobs(this.#options, fromMs, untilMs)) this.#requests.batch(job);
    const requests = [...traffic(this.#options, fromMs, untilMs)];
    for (const request of requests) this.#requests.request(request);
    this.#requests.settle(untilMs);
    if (requests.length > 0) await this.#options.export?.(exportRequest(requests));
  }

  /** One request that somebody sent, in between. */
  async serve(request: DemoRequest): Promise<void> {
    this.#requests.request(request);
    await this.#options.export?.(exportRequest([request]));
  }

  /** Brings the tally up to date: what depends on the last minutes. */
  finishTally(): Tally {
    this.#requests.tallyRecent();
    return this.tally;
  }
}
