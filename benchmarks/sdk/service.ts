import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';

/**
 * A service whose handler asks a vendor's model once; with millrace, it observes the client and forwards spans and metrics. Run by
 * benchmarks/sdk-overhead.ts, with the package as it is published.
 */

const [, , vendorUrl, mode] = process.argv;
const client = new OpenAI({ apiKey: 'key', baseURL: `${vendorUrl}/v1`, maxRetries: 0 });

if (mode === 'with') {
  const { createMillrace } = await import('@millrace/sdk');
  const pipeline = { receivers: ['sdk'], exporters: ['otlp_http'] };
  const millrace = await createMillrace({
    serviceName: 'service',
    env: {},
    receivers: { sdk: {} },
    exporters: { otlp_http: { endpoint: vendorUrl, compression: 'none' } },
    service: { pipelines: { traces: pipeline, metrics: pipeline } },
    readers: [{ intervalMs: 10_000 }],
  });
  millrace.observe(client, { task: 'answer' });
  await millrace.recorder.ready();
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { question } = JSON.parse(Buffer.concat(parts).toString()) as { question: string };
    client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: question }] }).then(
      (completion) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ answer: completion.choices[0]!.message.content }));
      },
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', 4096, () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
process.on('message', ({ gc: collects = false }: { gc?: boolean }) => {
  const { user, system } = process.cpuUsage();
  if (collects) gc!();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send!({ cpuMs: (user + system) / 1000, rssBytes: rss, heapBytes: heapUsed + external });
});
