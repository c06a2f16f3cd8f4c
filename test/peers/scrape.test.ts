import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { runConfig } from '../harness.ts';
import { startOtelcol } from './otelcol.ts';
import { startWitness } from './witness.ts';
import type { Witness } from './witness.ts';

const text = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="get",code="200"} 1027
http_requests_total{method="post",code="400"} 3
# TYPE temperature_celsius gauge
temperature_celsius{room="a b",empty=""} -2.5
temperature_celsius{room="inf"} +Inf
# a metric without metadata
bare 7
# HELP rpc_seconds Durations.
# TYPE rpc_seconds histogram
rpc_seconds_bucket{le="0.1"} 2
rpc_seconds_bucket{le="1"} 5
rpc_seconds_bucket{le="+Inf"} 6
rpc_seconds_sum 4.5
rpc_seconds_count 6
# TYPE gc_seconds summary
gc_seconds{quantile="0.5"} 0.25
gc_seconds{quantile="0.9"} 0.75
gc_seconds_sum 10
gc_seconds_count 20
# TYPE untyped_thing untyped
untyped_thing{job="mine",instance="theirs"} 4
# TYPE target_info gauge
target_info{host_name="h1",k8s_pod="p"} 1
scoped{otel_scope_name="lib",otel_scope_version="1.2",otel_scope_kind="x",a="b"} 1
`;

const openMetrics = `# TYPE jobs counter
# HELP jobs Jobs done.
jobs_total{queue="q"} 17.0 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331",k="v"} 1.0 1700000000.5
jobs_created{queue="q"} 1700000000.25
# TYPE size_bytes histogram
# UNIT size_bytes bytes
size_bytes_bucket{le="10.0"} 1
size_bytes_bucket{le="+Inf"} 3
size_bytes_sum 40.0
size_bytes_count 3
size_bytes_created 1700000001.0
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# TYPE depth gauge
depth 4.0
# EOF
`;

/** The items of a scrape that both should make alike: without durations, and without the time and version that differ by themselves. */
function comparable(witness: Witness): string[] {
  const items = witness.items('metrics').map((item) => {
    const {
      resource,
      scope,
      item: metric,
    } = JSON.parse(item) as { resource: unknown; scope: { scope?: { name?: string; version?: string } }; item: Record<string, unknown> };
    if (scope.scope?.name?.includes('prometheusreceiver')) scope.scope.version = '';
    const point = Object.values(metric).find((value) => typeof value === 'object' && value !== null && 'dataPoint' in value) as {
      dataPoint: Record<string, unknown>;
    };
    delete point.dataPoint['timeUnixNano'];
    if (metric['name'] === 'scrape_duration_seconds') delete point.dataPoint['asDouble'];
    return JSON.stringify({ resource, scope, metric });
  });
  return [...new Set(items)].toSorted();
}

async function scrapeWithBoth(body: string, contentType: string): Promise<{ ours: string[]; theirs: string[] }> {
  const seen = { requests: 0 };
  const target = createServer((_request, response) => {
    seen.requests++;
    response.writeHead(200, { 'content-type': contentType }).end(body);
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const [ours, theirs] = await Promise.all([startWitness(), startWitness()]);
  const config = (witness: Witness): object => ({
    receivers: {
      prometheus: {
        config: {
          scrape_configs: [
            {
              job_name: 'app',
              scrape_interval: '200ms',
              scrape_timeout: '200ms',
              static_configs: [{ targets: [`127.0.0.1:${(target.address() as AddressInfo).port}`], labels: { team: 'a' } }],
              metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'dropped_.*', action: 'drop' }],
            },
          ],
        },
      },
    },
    exporters: { otlp_http: { endpoint: witness.httpUrl } },
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: { metrics: { receivers: ['prometheus'], exporters: ['otlp_http'] } } },
  });
  const millrace = await runConfig(config(ours));
  while (seen.requests < 3) await once(target, 'request');
  await millrace.stop();
  seen.requests = 0;
  const otelcol = await startOtelcol(config(theirs));
  while (seen.requests < 3) await once(target, 'request');
  await otelcol.stop();
  target.closeAllConnections();
  target.close();
  const result = { ours: comparable(ours), theirs: comparable(theirs) };
  await Promise.all([ours.close(), theirs.close()]);
  return result;
}

describe('Receiver prometheus', () => {
  it.each([
    ['the text format', text, 'text/plain; version=0.0.4'],
    ['OpenMetrics', openMetrics, 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
  ])('makes of %s what the Collector makes of it', async (_name, body, contentType) => {
    const { ours, theirs } = await scrapeWithBoth(body, contentType);
    expect(ours).toEqual(theirs);
  });
});
