import { Agent, request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePorts, startDestination, startMillrace, temporaryFolder } from './harness.ts';
import type { Destination, Millrace } from './harness.ts';
import { traces } from './payloads.ts';

let millrace: Millrace | undefined;
let destination: Destination | undefined;

afterEach(async () => {
  await millrace?.stop();
  await destination?.close();
  millrace = destination = undefined;
});

/** Posts on a connection of its own, so that the kernel picks a thread for each. */
function post(port: number, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf' };
    request({ port, host: '127.0.0.1', path: '/v1/traces', method: 'POST', agent: new Agent(), headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    })
      .on('error', reject)
      .end(body);
  });
}

describe.each([1, 2])('Own metrics of %d worker(s)', (workers) => {
  it('are one page for the whole process, exact to the item (PXY-11, IMS-4)', async () => {
    destination = await startDestination();
    const [otlp, own] = (await freePorts(2)) as [number, number];
    const config = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
      processors: { batch: { timeout: '10ms' } },
      exporters: { otlp_http: { endpoint: `http://127.0.0.1:${destination.port}` } },
      service: {
        telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: own } } } }] } },
        pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http'] } },
      },
    };
    millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', String(workers)], { cwd: temporaryFolder() });
    await millrace.says('Everything is ready');
    const statuses = await Promise.all(Array.from({ length: 40 }, (_, i) => post(otlp, traces(10, { seed: i + 1 }))));
    expect(new Set(statuses)).toEqual(new Set([200]));

    const page = async (accept: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${own}/metrics`, { headers: { accept } })).text();
    for (;;) if (/^otelcol_exporter_sent_spans\{.*\} 400$/m.test(await page('text/plain'))) break;
    const text = await page('text/plain');
    expect(text).toMatch(/^otelcol_receiver_accepted_spans\{receiver="otlp",transport="http"\} 400$/m);
    expect(text).toMatch(/^otelcol_processor_incoming_items\{otel_signal="traces",processor="batch"\} 400$/m);
    expect(text).toMatch(new RegExp(`^otelcol_workers ${workers}$`, 'm'));
    expect(text.match(/^otelcol_process_uptime /gm)).toHaveLength(1);
    expect(text.match(/^otelcol_eventloop_delay_max\{/gm)).toHaveLength(workers);
    const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    const json = await page('application/json');
    expect(JSON.parse(json)).toBeDefined();
    for (const name of types) expect(json).toContain(`"${name}"`);
    expect(await millrace.stop()).toBe(0);
  });
});

describe('A start beside another collector', () => {
  it('goes on without own metrics when the default port is taken, and not when a reader names it', async () => {
    const config = (port: number, telemetry: object): string => {
      const endpoint = `127.0.0.1:${port}`;
      const pipelines = { traces: { receivers: ['otlp'], exporters: ['nop'] } };
      return `yaml:${JSON.stringify({ receivers: { otlp: { protocols: { http: { endpoint } } } }, exporters: { nop: null }, service: { telemetry, pipelines } })}`;
    };
    const [first, second, third, own] = (await freePorts(4)) as [number, number, number, number];
    const reader = { metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: own } } } }] } };
    millrace = startMillrace(['--config', config(first, reader)]);
    await millrace.says('Everything is ready');

    const named = startMillrace(['--config', config(second, reader)]);
    expect(await named.exited).toBe(1);
    expect(named.output()).toContain(`listen tcp 127.0.0.1:${own}: bind: address already in use; set another port`);

    const [one, two] = [startMillrace(['--config', config(second, {})]), startMillrace(['--config', config(third, {})])];
    await Promise.all([one, two].map((each) => each.says('Everything is ready')));
    expect(await Promise.all([one, two].map((each) => each.stop()))).toEqual([0, 0]);
    expect(one.output() + two.output()).toContain('Own metrics are not served.');
  });
});

describe('Own spans', () => {
  it('show on the page of the latest spans', async () => {
    destination = await startDestination();
    const [otlp, pages] = (await freePorts(2)) as [number, number];
    const processors = [
      { simple: { exporter: { otlp: { protocol: 'http/protobuf', endpoint: `http://127.0.0.1:${destination.port}` } } } },
    ];
    const config = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
      exporters: { nop: null },
      extensions: { zpages: { endpoint: `127.0.0.1:${pages}` } },
      service: {
        extensions: ['zpages'],
        telemetry: { metrics: { level: 'none' }, traces: { level: 'basic', processors } },
        pipelines: { traces: { receivers: ['otlp'], exporters: ['nop'] } },
      },
    };
    millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', '1'], { cwd: temporaryFolder() });
    await millrace.says('Everything is ready');
    const page = async (query = ''): Promise<string> => (await fetch(`http://127.0.0.1:${pages}/debug/tracez${query}`)).text();
    expect(await page()).not.toContain('TraceDataReceived');
    expect(await post(otlp, traces(3))).toBe(200);
    expect(await page()).toContain('receiver/otlp/TraceDataReceived');
    expect(await page('?zspanname=receiver/otlp/TraceDataReceived')).toContain('accepted_spans');
  });
});
