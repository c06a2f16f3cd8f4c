import type { PluginKind } from './new-plugin.ts';

/** What a new plugin starts from: file names and texts. */
export function pluginFiles(kind: PluginKind, type: string): Record<string, string> {
  const file = type.replaceAll('_', '-');
  const { plugin, test, pipeline } = templates[kind];
  return {
    [`${file}.ts`]: plugin.replaceAll('TYPE', type),
    [`${file}.test.ts`]: test.replaceAll('FILE', file),
    'config.yaml': `plugins: [./${file}.ts]\n\n${pipeline.replaceAll('TYPE', type)}`,
  };
}

interface Template {
  readonly plugin: string;
  readonly test: string;
  readonly pipeline: string;
}

const otlp = `receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:4318
`;
const debug = `exporters:
  debug:
    verbosity: detailed
`;

const templates: Readonly<Record<PluginKind, Template>> = {
  processor: {
    plugin: `import { defineProcessor, key } from '@millrace/api';

const customer = key('customer');
const tier = key('customer.tier');

export default defineProcessor({
  type: 'TYPE',
  configSchema: {
    type: 'object',
    required: ['tiers'],
    properties: {
      tiers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'The tier of each customer.',
      },
      drop_unknown: { type: 'boolean', default: false, description: 'Whether spans of other customers are dropped.' },
    },
  },
  setup: (config) => ({ tiers: new Map(Object.entries(config.tiers)), dropsUnknown: config.drop_unknown }),
  spans(span, { tiers, dropsUnknown }) {
    const name = span.attributes.string(customer);
    if (name === undefined) return;
    const found = tiers.get(name);
    if (found !== undefined) span.attributes.setString(tier, found);
    else if (dropsUnknown) return 'drop';
  },
});
`,
    test: `import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runProcessor } from '@millrace/api/testing';
import plugin from './FILE.ts';

const spans = ['acme', 'nobody'].map((customer) => ({ name: 'checkout', attributes: { customer } }));

test('the tier of a customer is added to spans', async () => {
  const output = await runProcessor(plugin, { config: { tiers: { acme: 'gold' } }, spans });
  deepEqual(output.spans.map((span) => span.attributes), [{ customer: 'acme', 'customer.tier': 'gold' }, { customer: 'nobody' }]);
  deepEqual(output.errors, []);
});

test('spans of unknown customers are dropped on request', async () => {
  const output = await runProcessor(plugin, { config: { tiers: { acme: 'gold' }, drop_unknown: true }, spans });
  deepEqual(output.spans.map((span) => span.attributes['customer']), ['acme']);
  deepEqual(output.dropped, { filtered: 1 });
});
`,
    pipeline: `${otlp}
processors:
  TYPE:
    tiers:
      acme: gold

${debug}
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [TYPE]
      exporters: [debug]
`,
  },
  receiver: {
    plugin: `import { defineReceiver } from '@millrace/api';

export default defineReceiver({
  type: 'TYPE',
  configSchema: {
    type: 'object',
    properties: {
      interval_ms: { type: 'integer', default: 10000, minimum: 1, description: 'Milliseconds between two measurements.' },
    },
  },
  emits: ['metrics'],
  start(config, emit, { logger }) {
    const measure = (): void => {
      const point = { timeUnixNano: BigInt(Date.now()) * 1_000_000n, asDouble: process.memoryUsage().rss };
      emit
        .metrics([{ name: 'process.memory.usage', unit: 'By', type: 'gauge', points: [point] }])
        .catch((error: unknown) => logger.warn('A measurement was not taken.', { error: String(error) }));
    };
    return setInterval(measure, config.interval_ms);
  },
  stop: (timer) => clearInterval(timer),
});
`,
    test: `import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { runReceiver } from '@millrace/api/testing';
import plugin from './FILE.ts';

test('the memory of the process is measured', async () => {
  const output = await runReceiver(plugin, { interval_ms: 1 }, async (seen) => {
    while (seen().points.length === 0) await setImmediate();
  });
  equal(output.points[0]?.metric, 'process.memory.usage');
});
`,
    pipeline: `receivers:
  TYPE:

${debug}
service:
  pipelines:
    metrics:
      receivers: [TYPE]
      exporters: [debug]
`,
  },
  exporter: {
    plugin: `import { defineExporter, PipelineError } from '@millrace/api';

export default defineExporter({
  type: 'TYPE',
  configSchema: {
    type: 'object',
    required: ['endpoint'],
    properties: {
      endpoint: { type: 'string', description: 'URL that OTLP/JSON is posted to.' },
    },
  },
  signals: ['traces', 'metrics', 'logs'],
  setup: (config) => config.endpoint,
  async push(batch, endpoint, signal) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(endpoint, { method: 'POST', headers, body: batch.json(), signal });
    if (answer.ok) return;
    const kind = answer.status >= 500 || answer.status === 429 ? 'retryable' : 'permanent';
    throw new PipelineError(\`\${endpoint} answered \${answer.status}\`, { kind });
  },
});
`,
    test: `import { equal, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { runExporter } from '@millrace/api/testing';
import plugin from './FILE.ts';

test('spans are posted as JSON, and a refusal is an error', async () => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(String(Buffer.concat(await request.toArray())));
    response.writeHead(bodies.length === 1 ? 200 : 400).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = \`http://127.0.0.1:\${(server.address() as AddressInfo).port}\`;
  await runExporter(plugin, { config: { endpoint }, spans: [{ name: 'checkout' }] });
  equal(JSON.parse(bodies[0] ?? '').resourceSpans[0].scopeSpans[0].spans[0].name, 'checkout');
  await rejects(runExporter(plugin, { config: { endpoint }, spans: [{ name: 'checkout' }] }), /answered 400/);
  server.close();
  server.closeAllConnections();
});
`,
    pipeline: `${otlp}
exporters:
  TYPE:
    endpoint: http://127.0.0.1:9999

service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [TYPE]
`,
  },
  connector: {
    plugin: `import { defineConnector } from '@millrace/api';

export default defineConnector({
  type: 'TYPE',
  emits: ['metrics'],
  setup: () => new Map<string, bigint>(),
  spans(span, errors) {
    if (span.statusCode === 2) errors.set(span.name, (errors.get(span.name) ?? 0n) + 1n);
  },
  async flush(errors, emit) {
    const timeUnixNano = BigInt(Date.now()) * 1_000_000n;
    const points = [...errors].map(([name, count]) => ({ timeUnixNano, asInt: count, attributes: { 'span.name': name } }));
    await emit.metrics([{ name: 'span.errors', unit: '{error}', type: 'sum', temporality: 1, isMonotonic: true, points }]);
    errors.clear();
  },
});
`,
    test: `import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runConnector } from '@millrace/api/testing';
import plugin from './FILE.ts';

test('failed spans are counted by name', async () => {
  const { points } = await runConnector(plugin, {
    spans: [{ name: 'checkout', status: { code: 2 } }, { name: 'checkout', status: { code: 2 } }, { name: 'search' }],
  });
  deepEqual(points.map(({ attributes, value }) => [attributes['span.name'], value]), [['checkout', 2]]);
});
`,
    pipeline: `${otlp}
connectors:
  TYPE:

${debug}
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [TYPE]
    metrics:
      receivers: [TYPE]
      exporters: [debug]
`,
  },
};
