export { ByteArena, offsetOf, pageOf } from './byte-arena.ts';
export { ByteKey } from './byte-key.ts';
export { ByteSink } from './byte-sink.ts';
export { createParser, formatOf } from './create-parser.ts';
export type { ParsedFormat } from './create-parser.ts';
export { readExemplars } from './exemplars.ts';
export { ExponentialState } from './exponential-state.ts';
export { Family } from './family.ts';
export type { PointState } from './family.ts';
export { createWriter } from './exposition-writer.ts';
export type { ExpositionOptions, ExpositionWriter, SampleTimes } from './exposition-writer.ts';
export { goNumber, openMetricsNumber } from './go-number.ts';
export { HistogramState } from './histogram-state.ts';
export { LabelNames } from './label-names.ts';
export { decodeLabels, encodeLabels, mayHaveQuotedNames } from './labels.ts';
export type { EncodedLabels, LabelBytes } from './labels.ts';
export type {
  Exemplar,
  FamilyHeader,
  FamilyType,
  HistogramValue,
  Label,
  MetricFamily,
  NativeBuckets,
  NativeHistogram,
  Sample,
  SummaryValue,
} from './metric-family.ts';
export {
  escapeLabelName,
  escapeName,
  isLegacyLabelName,
  isLegacyName,
  labelName,
  metricName,
  translationStrategies,
  unescapeName,
  unitName,
} from './names.ts';
export type { Escaping, LabelNameOptions, NamedKind, NameOptions } from './names.ts';
export { nameOptions, namingProblems, namingProperties, targetInfoName } from './naming.ts';
export type { NamingConfig } from './naming.ts';
export { acceptsGzip, expositionFormat, negotiate } from './negotiate.ts';
export type { ExpositionFormat } from './negotiate.ts';
export { ExpositionError } from './parsed-sample.ts';
export type { ExpositionParser, ExpositionVisitor, ParsedHistogram, ParsedSample } from './parsed-sample.ts';
export { exponentialFields, histogramFields, numberFields, PointScan, summaryFields } from './point-scan.ts';
export type { PointFields } from './point-scan.ts';
export { Registry } from './registry.ts';
export type { RegistryConfig, SampleSink } from './registry.ts';
export {
  attributesKey,
  attributesOf,
  chosenAttributes,
  jobOf,
  reservedScopeAttributes,
  resourceLabelsProblems,
  resourceLabelsProperties,
  serviceAttributes,
} from './resource-labels.ts';
export type { ResourceLabelsConfig } from './resource-labels.ts';
export { RowIndex } from './row-index.ts';
export { SummaryState } from './summary-state.ts';
export { writeFamilies } from './write-families.ts';
