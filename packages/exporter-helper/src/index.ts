export { createExporter } from './create-exporter.ts';
export type { ExporterOptions } from './create-exporter.ts';
export type { Push, PushResult } from './push-result.ts';
export type { DropReason } from './sender.ts';
export { queueSchema, retrySchema, timeoutSchema, validateSettings } from './settings.ts';
export type { ExporterSettings, QueueConfig, RetryConfig } from './settings.ts';
