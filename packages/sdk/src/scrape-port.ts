import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from '@millrace/instruments';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { metricProducer } from './hooks/metric-producer.ts';
import type { PrometheusOptions } from './options.ts';

/** A port where Prometheus scrapes what is recorded. */
export interface ScrapePort {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the port. Rejects when it is taken. */
export async function openScrapePort(registry: Registry, options: PrometheusOptions): Promise<ScrapePort> {
  const { port = 9464, host = 'localhost', endpoint = '/metrics' } = options;
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [metricProducer(registry) as never] });
  const provider = new MeterProvider({ resource: resourceFromAttributes(registry.options.resource ?? {}), readers: [exporter] });
  const server = createServer((request, response) => {
    if (request.url?.split('?', 1)[0] === endpoint) return exporter.getMetricsRequestHandler(request, response);
    response.writeHead(404).end();
    return undefined;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  // A scrape never keeps the application running.
  server.unref();
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}${endpoint}`,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await provider.shutdown();
    },
  };
}
