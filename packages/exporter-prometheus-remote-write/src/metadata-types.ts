import type { FamilyType } from '@millrace/prometheus-format';

/** `MetricMetadata.MetricType` of version 1 and `Metadata.MetricType` of version 2, which are the same numbers. */
export const metadataTypes: Readonly<Record<FamilyType, number>> = {
  unknown: 0,
  counter: 1,
  gauge: 2,
  histogram: 3,
  gaugehistogram: 4,
  summary: 5,
  info: 6,
  stateset: 7,
};
