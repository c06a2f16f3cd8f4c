import type { MetricEdit, MetricView } from '@millrace/wire';
import type { TransformContext } from '@millrace/ottl';
import { MetricDraft } from './metric-draft.ts';
import { decodeMetric, encodeMetric } from '@millrace/timeseries';
import type { PlainMetric } from '@millrace/timeseries';

/** Metrics that statements may make of one: beyond, they make more and more of what they made themselves. */
const mostMade = 1_000;

/** What the functions of a group do to metrics: convert the one that is shown, and make new ones, which the statements are run on too. */
export class MetricRewriter {
  /** Whether a statement of the group calls such a function. */
  isUsed = false;
  #made: PlainMetric[] = [];

  /** The metric that is shown in object form; what becomes of it must be given back by `become`. */
  metricOf({ metric }: TransformContext): PlainMetric {
    return metric instanceof MetricDraft ? metric.plain : decodeMetric((metric as MetricEdit).message());
  }

  /** The metric that is shown is this from now on. */
  become(shown: TransformContext, metric: PlainMetric): void {
    shown.metric = new MetricDraft(metric, shown.metric) as unknown as MetricView;
  }

  /** Adds a metric to the scope. */
  make(metric: PlainMetric): void {
    this.#made.push(metric);
  }

  /** Runs statements on a metric and on those that they make. Returns whether the metric is another one now. */
  run(shown: TransformContext, view: MetricEdit, statements: (shown: TransformContext) => void): boolean {
    const results: Uint8Array[] = [];
    this.#made = [];
    statements(shown.onMetric(view));
    const isConverted = shown.metric instanceof MetricDraft;
    if (isConverted) results.push(encodeMetric((shown.metric as unknown as MetricDraft).plain));
    for (let count = 0; this.#made.length > 0; count++) {
      if (count === mostMade)
        throw new Error(`the statements make more than ${mostMade} metrics of one: give those that make metrics a condition`);
      const draft = new MetricDraft(this.#made.shift()!, view);
      statements(shown.onMetric(draft as unknown as MetricView));
      results.push(encodeMetric((shown.metric as unknown as MetricDraft).plain));
    }
    for (const result of results) view.append(result);
    return isConverted;
  }

  /** The metrics that were made since the last call, encoded. */
  taken(): readonly Uint8Array[] {
    const made = this.#made.map(encodeMetric);
    this.#made = [];
    return made;
  }
}
