export { createExporter } from './create-exporter.ts';
export type { DropReason, ExporterOptions } from './create-exporter.ts';
export type { Push, PushResult } from './push-result.ts';
export { exporterScope, queueSchema, retrySchema, timeoutSchema, validateSettings } from './settings.ts';
export type { BatchingConfig, ExporterSettings, QueueConfig, RetryConfig } from './settings.ts';
