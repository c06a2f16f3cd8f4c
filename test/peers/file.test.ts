import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { decode } from '../../packages/wire/test/reference.ts';
import { freePorts, post, runConfig, temporaryFolder } from '../harness.ts';
import { logs, metrics, traces } from '../payloads.ts';
import { allSignals, type Signal } from './items.ts';
import { startOtelcol } from './otelcol.ts';

/** Both programs take this as it is. */
function config(port: number, folder: string): unknown {
  const at = (name: string): string => join(folder, name);
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: {
      'file/json': { path: at('lines.json') },
      'file/proto': { path: at('messages'), format: 'proto' },
      'file/compressed': { path: at('lines.zst'), compression: 'zstd' },
      'file/compressed_proto': { path: at('messages.zst'), format: 'proto', compression: 'zstd', compression_params: { level: 6 } },
      'file/rotated': { path: at('rotated.json'), rotation: { max_megabytes: 1, localtime: true } },
      'file/grouped': {
        path: at('group/by-*.json'),
        group_by: { enabled: true, resource_attribute: 'service.name', max_open_files: 2 },
        append: true,
      },
    },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: Object.fromEntries(
        allSignals.map((signal) => {
          const common = ['file/json', 'file/proto', 'file/compressed', 'file/compressed_proto', 'file/grouped'];
          return [signal, { receivers: ['otlp'], exporters: signal === 'traces' ? [...common, 'file/rotated'] : common }];
        }),
      ),
    },
  };
}

/** In the order in which pdata writes members, with every part that it writes. */
const complete = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'complete' } }] },
      scopeSpans: [
        {
          scope: { name: 's', version: '1' },
          spans: [
            {
              traceId: '01'.repeat(16),
              spanId: '02'.repeat(8),
              flags: 257,
              name: 'a<b>&"\u2028\n\u0001é',
              kind: 2,
              startTimeUnixNano: '1790000000000000000',
              endTimeUnixNano: '1790000000000000001',
              attributes: [
                { key: 'double', value: { doubleValue: 0.1 } },
                { key: 'large', value: { doubleValue: 1e300 } },
                { key: 'int', value: { intValue: '-9223372036854775808' } },
                { key: 'bytes', value: { bytesValue: '/+8=' } },
                { key: 'list', value: { arrayValue: { values: [{ boolValue: false }, {}] } } },
              ],
              status: { message: 'm', code: 2 },
            },
          ],
        },
      ],
    },
  ],
};

/** Without the parts that have nothing to say, and with a resource that is in no group. */
const sparse = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: '../../sparse' } }] },
      scopeSpans: [{ spans: [{ name: 'bare' }] }],
    },
    { scopeSpans: [{ scope: { name: 's' }, spans: [{ name: 'in no group' }] }] },
  ],
};

async function run(start: (config: unknown) => Promise<{ stop(): Promise<unknown> }>): Promise<Map<string, Buffer>> {
  const folder = temporaryFolder();
  const [port] = (await freePorts(1)) as [number];
  const program = await start(config(port, folder));
  for (let seed = 1; seed <= 5; seed++) {
    expect((await post(port, 'traces', traces(300, { seed }))).status).toBe(200);
    expect((await post(port, 'metrics', metrics(300, { seed }))).status).toBe(200);
    expect((await post(port, 'logs', logs(300, { seed }))).status).toBe(200);
  }
  for (const request of [complete, sparse]) expect((await post(port, 'traces', JSON.stringify(request))).status).toBe(200);
  await program.stop();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => [join(parentPath, name).slice(folder.length + 1), readFileSync(join(parentPath, name))]),
  );
}

/** Messages behind their lengths. */
function messages(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) found.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)));
  return found;
}

const lines = (text: Buffer | string | undefined): string[] => String(text).trimEnd().split('\n');

/** With members in order, and without the empty messages that pdata writes where there was none. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, canonical(member)] as const);
  const kept = members.filter(([, member]) => typeof member !== 'object' || member === null || Object.keys(member).length > 0);
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Short names of what JSON texts say: a difference is shown by its place only. */
const meanings = (texts: readonly (string | Buffer)[]): string[] =>
  texts.map((text) =>
    createHash('sha256')
      .update(JSON.stringify(canonical(JSON.parse(String(text)))))
      .digest('hex'),
  );

/** What protobuf messages of the pipelines say, as JSON. */
const asJson = (all: readonly Buffer[]): string[] =>
  all.map((message, i) =>
    JSON.stringify(decode(signalAt(i), message), (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
  );
const signalAt = (index: number): Signal => (index < 15 ? allSignals[index % 3]! : 'traces');

describe('The files of a real Collector (PXY-15)', () => {
  let theirs: Map<string, Buffer>;
  let ours: Map<string, Buffer>;

  beforeAll(async () => {
    theirs = await run(startOtelcol);
    ours = await run(runConfig);
  });

  it('have the same names, up to the time of the rotation', () => {
    const names = (files: Map<string, Buffer>): string[] =>
      [...files.keys()].map((name) => name.replace(/\d{4}-[\d-]+T[\d-]+\.\d{3}/, 'TIME')).toSorted();
    expect(names(ours)).toEqual(names(theirs));
    expect(names(ours)).toContain('rotated-TIME-size.json');
  });

  it('have the same bytes as lines of JSON, when the sender orders fields as pdata does', () => {
    const [own, other] = [ours, theirs].map((files) => lines(files.get('lines.json')));
    expect(own!.map(({ length }) => length).slice(0, 16)).toEqual(other!.map(({ length }) => length).slice(0, 16));
    expect(own![15]).toBe(other![15]);
  });

  it('say the same as lines of JSON', () => {
    const [own, other] = [ours, theirs].map((files) => lines(files.get('lines.json')));
    expect(own).toHaveLength(17);
    expect(meanings(own!)).toEqual(meanings(other!));
  });

  it('say the same as protobuf messages, of the same lengths', () => {
    const [own, other] = [ours, theirs].map((files) => messages(files.get('messages')!));
    expect(own).toHaveLength(17);
    expect(own!.map(({ length }) => length).slice(0, 15)).toEqual(other!.map(({ length }) => length).slice(0, 15));
    expect(meanings(asJson(own!))).toEqual(meanings(asJson(other!)));
  });

  it('say the same when compressed', () => {
    const unpack = (files: Map<string, Buffer>, name: string): Buffer[] =>
      messages(files.get(name)!).map((message) => zstdDecompressSync(message));
    expect(unpack(ours, 'lines.zst')).toHaveLength(17);
    expect(meanings(unpack(ours, 'lines.zst'))).toEqual(meanings(unpack(theirs, 'lines.zst')));
    expect(meanings(asJson(unpack(ours, 'messages.zst')))).toEqual(meanings(asJson(unpack(theirs, 'messages.zst'))));
  });

  it('are rotated at the same lines', () => {
    const rotated = (files: Map<string, Buffer>): number[] => {
      const parts = [...files].filter(([name]) => name.startsWith('rotated')).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return parts.map(([, bytes]) => lines(bytes).length);
    };
    expect(rotated(ours)).toEqual(rotated(theirs));
    expect(rotated(ours).length).toBeGreaterThan(1);
  });

  it('are grouped alike', () => {
    const groups = [...theirs.keys()].filter((name) => name.startsWith('group/'));
    expect(groups.length).toBeGreaterThan(3);
    for (const name of groups) {
      expect([name, meanings(lines(ours.get(name)))]).toEqual([name, meanings(lines(theirs.get(name)))]);
    }
  });
});
