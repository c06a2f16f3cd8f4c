import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { balances, freePorts, ledgerOf, post, startMillrace, temporaryFolder } from './harness.ts';
import { logs, metrics, traces } from './payloads.ts';

/** Receives OTLP and writes files, reads them back, and writes what was read as tables and as messages. */
function config(port: number, folder: string): unknown {
  const at = (name: string): string => join(folder, name);
  const signals = ['traces', 'metrics', 'logs'];
  const pipelines = signals.flatMap((signal) => [
    [`${signal}/in`, { receivers: ['otlp'], exporters: ['file/lines', 'file/direct'] }],
    [`${signal}/back`, { receivers: ['otlpjsonfile'], exporters: ['file/back', 'csv'] }],
  ]);
  return {
    receivers: {
      otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } },
      otlpjsonfile: { include: [at('lines/*.json')], start_at: 'beginning', include_file_name: false },
    },
    exporters: {
      'file/lines': { path: at('lines/all.json'), flush_interval: '10ms', rotation: { max_megabytes: 1 } },
      'file/direct': { path: at('direct'), format: 'proto' },
      'file/back': { path: at('back'), format: 'proto' },
      csv: { path: at('table-*.csv'), attributes: ['http.request.method'] },
    },
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: Object.fromEntries(pipelines) },
  };
}

/** Messages behind their lengths, in the order of their bytes. */
function messages(path: string): string[] {
  const bytes = readFileSync(path);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    found.push(bytes.toString('base64', at + 4, at + 4 + bytes.readUInt32BE(at)));
  }
  return found.toSorted();
}

describe('Files (PXY-15)', () => {
  it.each([1, 2])('that were written are read back whole, through rotation, with %d workers', async (workers) => {
    const folder = temporaryFolder();
    const [port] = (await freePorts(1)) as [number];
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config(port, folder)));
    const millrace = startMillrace(['--config', 'config.yaml', '--workers', String(workers)], { cwd: folder });
    await millrace.says('Everything is ready');
    for (let seed = 1; seed <= 6; seed++) {
      expect((await post(port, 'traces', traces(300, { seed }))).status).toBe(200);
      expect((await post(port, 'metrics', metrics(300, { seed }))).status).toBe(200);
      expect((await post(port, 'logs', logs(300, { seed }))).status).toBe(200);
    }
    // The tables grow once a second; the last row is there when all were read.
    const rows = (signal: string): number => readFileSync(join(folder, `table-${signal}.csv`), 'latin1').split('\r\n').length - 2;
    while (['traces', 'metrics', 'logs'].some((signal) => rows(signal) < 1_800)) await new Promise((resolve) => setImmediate(resolve));
    expect(await millrace.stop()).toBe(0);

    const direct = messages(join(folder, 'direct'));
    expect(direct).toHaveLength(18);
    const back = messages(join(folder, 'back'));
    expect(back.map(({ length }) => length)).toEqual(direct.map(({ length }) => length));
    expect(back.filter((message, i) => message !== direct[i])).toEqual([]);
    expect(readdirSync(join(folder, 'lines')).length).toBeGreaterThan(2);
    expect(Object.entries(balances(millrace.output())).filter(([, rest]) => rest !== 0)).toEqual([]);
    expect(Object.keys(ledgerOf(millrace.output())).length).toBeGreaterThan(0);
    for (const signal of ['traces', 'metrics', 'logs']) expect([signal, rows(signal)]).toEqual([signal, 1_800]);
  });
});
