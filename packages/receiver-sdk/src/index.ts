export { plainAttributes } from './add-metrics.ts';
export { factory } from './factory.ts';
export { Inlet } from './inlet.ts';
export type { CollectedMetric, CollectedMetrics, CollectedPoint } from './add-metrics.ts';
export type { Attributes, HrTime, Resource, Scope, SpanIds } from './write-attributes.ts';
export type { EmittedLog } from './write-log.ts';
export type { EndedSpan } from './write-span.ts';
