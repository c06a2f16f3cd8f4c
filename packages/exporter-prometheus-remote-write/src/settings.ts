import type { ExporterSettings } from '@millrace/exporter-helper';
import type { RemoteWriteConfig } from './config.ts';

/** Queue, retry and timeout as exporter-helper knows them. There is one consumer: batches are sent one after the other. */
export function exporterSettings(config: RemoteWriteConfig): ExporterSettings {
  const { enabled, queue_size: queueSize, storage } = config.remote_write_queue;
  return {
    timeout: config.http?.timeout ?? config.timeout,
    retry_on_failure: config.retry_on_failure,
    // A size that is no size has been refused in this exporter's own words.
    sending_queue: { enabled, num_consumers: 1, queue_size: Math.max(1, queueSize), block_on_overflow: false, storage },
  };
}
