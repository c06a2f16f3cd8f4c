import { tokenKinds } from '@millrace/genai';
import type { Call } from '@millrace/genai';
import type { KeptDistribution, KeptSum, Mean } from '@millrace/instruments';

type Sums = (KeptSum | undefined)[];
type Distribution = KeptDistribution | undefined;
type Branch = Map<string | number, Branch | CallSeries>;

/** Combinations of labels that are remembered; beyond, all are forgotten and found anew. */
const maxRemembered = 2000;
/** A combination whose texts are longer is not remembered. */
const maxLength = 2048;

/** The series of all metrics that calls with the same labels are recorded in: each is looked up once, when it is needed. */
export class CallSeries {
  requests: KeptSum | undefined = undefined;
  duration: Distribution = undefined;
  successRate: Mean | undefined = undefined;
  timeToFirstToken: Distribution = undefined;
  /** By token kind. */
  readonly tokens: Sums = Array.from({ length: tokenKinds.length }, () => undefined);
  inputTokens: Distribution = undefined;
  outputTokens: Distribution = undefined;
  tokenRate: Distribution = undefined;
  unpriced: KeptSum | undefined = undefined;
  costAmount: KeptSum | undefined = undefined;
  costActual: KeptSum | undefined = undefined;
  costEstimated: KeptSum | undefined = undefined;
  requestCost: Distribution = undefined;
  costDrift: Distribution = undefined;
  operationDuration: Distribution = undefined;
  levelDuration: Distribution = undefined;
  timeToFirstChunk: Distribution = undefined;
  inferenceTimeToFirstChunk: Distribution = undefined;
  inputUsage: Distribution = undefined;
  outputUsage: Distribution = undefined;
  levelInputTokens: Distribution = undefined;
  levelOutputTokens: Distribution = undefined;
  /** Of the counters of usage: by name and modality, as `CallMetrics` numbers them. */
  readonly usage: Sums = Array.from({ length: 25 }, () => undefined);
}

/** Finds the series of calls by everything that is a label of any of their metrics. */
export class CallSeriesIndex {
  readonly #root: Branch = new Map();
  readonly #labels: (string | number)[] = [];
  #size = 0;

  /** The series of such calls; `currency` is that of the cost. Valid until the next `clear`. */
  find(call: Call, serviceTier: string, currency: string): CallSeries {
    const labels = this.#labels;
    labels[0] = call.responseModel;
    labels[1] = call.requestModel;
    labels[2] = call.operation;
    labels[3] = call.level;
    labels[4] = call.provider;
    labels[5] = call.task;
    labels[6] = call.cacheTier;
    labels[7] = serviceTier;
    labels[8] = currency;
    labels[9] = call.errorType;
    labels[10] = call.serverAddress;
    labels[11] = call.serverPort;
    let at: Branch | CallSeries | undefined = this.#root;
    for (let i = 0; i < labels.length; i++) {
      at = (at as Branch).get(labels[i]!);
      if (at === undefined) return this.#remember(labels);
    }
    return at as CallSeries;
  }

  /** Forgets all: those that expired or had no place may have one now. */
  clear(): void {
    this.#root.clear();
    this.#size = 0;
  }

  #remember(labels: readonly (string | number)[]): CallSeries {
    const series = new CallSeries();
    let length = 0;
    for (const label of labels) if (typeof label === 'string') length += label.length;
    if (length > maxLength) return series;
    if (this.#size >= maxRemembered) this.clear();
    this.#size++;
    // A text of its own, rather than a part of an answer that would be kept with it.
    const keys = labels.map((label) => (typeof label === 'string' ? Buffer.from(label).toString() : label));
    let branch = this.#root;
    for (let i = 0; i < keys.length - 1; i++) {
      let next = branch.get(keys[i]!) as Branch | undefined;
      if (next === undefined) branch.set(keys[i]!, (next = new Map()));
      branch = next;
    }
    branch.set(keys.at(-1)!, series);
    return series;
  }
}
