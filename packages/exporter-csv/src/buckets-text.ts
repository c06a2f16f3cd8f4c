import type { DataPointView } from '@millrace/api';
import { numberText } from './cell-text.ts';

type Buckets = DataPointView['positive'];

/** The buckets of a histogram or exponential histogram, or the quantiles of a summary, as JSON; '' for other points. */
export function bucketsText(point: DataPointView): string {
  switch (point.metric.type) {
    case 'histogram':
      return `{"bounds":${list(point.bounds, (i) => numberText(point.bound(i)))},"counts":${list(point.bucketCounts, (i) => point.bucketCount(i))}}`;
    case 'exponentialHistogram': {
      const zero = `"zero_count":${point.zeroCount},"zero_threshold":${numberText(point.zeroThreshold)}`;
      return `{"scale":${point.scale},${zero},"positive":${side(point.positive)},"negative":${side(point.negative)}}`;
    }
    case 'summary':
      return `{"quantiles":${list(point.quantiles.size, (i) => pair(point.quantiles.at(i)))}}`;
    default:
      return '';
  }
}

const side = (buckets: Buckets): string => `{"offset":${buckets.offset},"counts":${list(buckets.size, (i) => buckets.at(i))}}`;

const pair = ({ quantile, value }: ReturnType<DataPointView['quantiles']['at']>): string =>
  `[${numberText(quantile)},${numberText(value)}]`;

function list(size: number, at: (index: number) => string | bigint): string {
  let text = '[';
  for (let i = 0; i < size; i++) text += `${i === 0 ? '' : ','}${at(i)}`;
  return `${text}]`;
}
