export { schemaProblem } from './ajv.ts';
export type { Catalog, ComponentKind, ComponentSchema, LoadedPlugin } from './catalog.ts';
export { componentKinds } from './catalog.ts';
export type { CheckOptions } from './check-config.ts';
export { checkConfig } from './check-config.ts';
export type { CheckedComponent, CheckedConfig, CheckedPipeline, CheckedService, PipelineSignal } from './checked-config.ts';
export { durationMs } from './duration.ts';
export type { FixedConfig } from './fix-config.ts';
export { fixConfig } from './fix-config.ts';
export { nearest } from './nearest.ts';
export { printConfig } from './print-config.ts';
export type { Notice, Position, Problem, Warning } from './problem.ts';
export { ConfigError, formatProblems, PluginLoadError } from './problem.ts';
export { readYaml } from './read-yaml.ts';
export type { YamlFile } from './read-yaml.ts';
export type { ResolvedConfig, ResolveOptions } from './resolve-config.ts';
export { resolveConfig } from './resolve-config.ts';
export type { TelemetryConfig, TelemetryLevel, TelemetryLogsConfig } from './telemetry.ts';
export type {
  KeyFilter,
  PrometheusReaderConfig,
  ReaderConfig,
  SamplerConfig,
  SpanLimitsConfig,
  TelemetryExporterConfig,
  TelemetryOtlpConfig,
  TelemetryProcessorConfig,
  ViewConfig,
} from './telemetry-schema.ts';
