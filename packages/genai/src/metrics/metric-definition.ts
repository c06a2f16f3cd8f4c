/** What records a metric: connector `genaimetrics` (from spans and logs), the recording API of the SDK, processor `budget`, receiver `host_metrics`. */
export type MetricProducer = 'genaimetrics' | 'sdk' | 'budget' | 'host_metrics';

/** One metric: what it is called, what it counts, and which requirements it answers. */
export interface MetricDefinition {
  /** OpenTelemetry's style: dots, no unit, no suffix. */
  readonly name: string;
  readonly instrument: 'counter' | 'up_down_counter' | 'gauge' | 'histogram';
  /** UCUM; `{currency}` where the label `millrace.cost.currency` names it. */
  readonly unit: string;
  /** One sentence, without a full stop. */
  readonly description: string;
  /** Names of its attributes. One that has nothing to say is left out of a series. */
  readonly labels: readonly string[];
  /** Of a histogram: upper bounds of its buckets, in its unit. */
  readonly boundaries?: readonly number[];
  readonly producers: readonly MetricProducer[];
  /** Ids of requirements (docs/genai-metrics.md). */
  readonly requirements: readonly string[];
  /** What the specifications call it: a name, or the place where they ask for it. */
  readonly seeds: readonly string[];
}

/** What is alike in the metrics of one group. */
export interface MetricGroup {
  readonly producers: readonly MetricProducer[];
  readonly requirements: readonly string[];
}

type Make = (name: string, unit: string, description: string, labels: readonly string[], seeds?: readonly string[]) => MetricDefinition;

/** Makes the rows of a group, in the order in which the table shows them. */
export interface GroupRows {
  readonly counter: Make;
  readonly upDown: Make;
  readonly gauge: Make;
  readonly histogram: (
    name: string,
    unit: string,
    description: string,
    labels: readonly string[],
    boundaries: readonly number[],
    seeds?: readonly string[],
  ) => MetricDefinition;
}

/** The functions that make rows of a group. */
export function rowsOf({ producers, requirements }: MetricGroup): GroupRows {
  const make =
    (instrument: MetricDefinition['instrument']): Make =>
    (name, unit, description, labels, seeds = []) => ({ name, instrument, unit, description, labels, producers, requirements, seeds });
  const histogram = make('histogram');
  return {
    counter: make('counter'),
    upDown: make('up_down_counter'),
    gauge: make('gauge'),
    histogram: (name, unit, description, labels, boundaries, seeds) => ({
      ...histogram(name, unit, description, labels, seeds),
      boundaries,
    }),
  };
}
