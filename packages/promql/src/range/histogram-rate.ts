import { noBuckets } from '../histogram/buckets.ts';
import { Histogram } from '../histogram/histogram.ts';
import { isReset } from '../histogram/reset.ts';
import { infoBounds, warnNot, warnSchemas } from './range-function.ts';
import type { RangeCall } from './range-function.ts';
import type { Window } from './window.ts';

/** How much the histograms of a window grew from the first to the last, over resets; undefined when they do not go together. */
export function histogramIncrease(window: Window, call: RangeCall, counter: boolean): Histogram | undefined {
  const points = window.histograms.slice(window.histogramLow, window.histogramHigh);
  const last = points.at(-1)!;
  const gauges = points.filter(({ parts }) => parts.gauge).length;
  if (counter && gauges > 0) warnNot('counter', window, call);
  if (!counter && !(points[0]!.parts.gauge && last.parts.gauge)) warnNot('gauge', window, call);
  // What was before a reset right after the first sample does not matter, not even its layout.
  if (counter && isReset(points[1]!, points[0]!)) points[0] = emptyLike(points[1]!);
  const relevant = counter ? points : [points[0]!, last];
  if (relevant.some((point) => point.isCustom !== last.isCustom)) {
    warnSchemas(window, call);
    return undefined;
  }
  const schema = Math.min(...relevant.map(({ parts }) => parts.schema));
  const combine = (a: Histogram, b: Histogram, factor: 1 | -1): Histogram => {
    if (a.isCustom && !a.sameBounds(b)) infoBounds(factor === 1 ? 'addition' : 'subtraction', call);
    return a.plus(b, factor)!;
  };
  let increase = combine(last.toSchema(schema), points[0]!, -1);
  for (let i = 1; i < points.length; i++) {
    if (counter && isReset(points[i]!, points[i - 1]!)) increase = combine(increase, points[i - 1]!, 1);
  }
  return increase.asGauge().compact();
}

function emptyLike({ parts }: Histogram): Histogram {
  const { schema, customBounds } = parts;
  const nothing = { zeroThreshold: 0, zeroCount: 0, count: 0, sum: 0, positive: noBuckets, negative: noBuckets, gauge: false };
  return new Histogram({ schema, customBounds, ...nothing });
}
