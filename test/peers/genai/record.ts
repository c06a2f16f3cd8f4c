import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startFakeVendor } from '../../fake-vendor.ts';
import type { Bill } from '../../fake-vendor.ts';
import { commandOf, instrumentations, lossesOf, versionOf } from './instrumentations.ts';
import type { Instrumentation, Loss } from './instrumentations.ts';

/** The spans that a real instrumentation made of real calls, and what the vendor charged for these. */
export interface Recording {
  readonly instrumentation: string;
  readonly version: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly vendor: string;
  readonly case: string;
  /** In the order of the calls. */
  readonly bill: readonly Bill[];
  /** What the spans do not tell of it, and why. */
  readonly lost: readonly Omit<Loss, 'cases'>[];
  /** OTLP JSON, ExportTraceServiceRequest. */
  readonly request: { readonly resourceSpans: readonly unknown[] };
}

/** Makes the calls of one vendor (all cases, or those named) under an instrumentation, and tells what came of them. */
export async function record(of: Instrumentation, vendor: string, cases: readonly string[] = of.cases ?? []): Promise<Recording[]> {
  const fake = await startFakeVendor();
  try {
    const [program, ...rest] = commandOf(of, fake.url, vendor, cases);
    const env = { ...process.env, ...of.env, OTEL_RESOURCE_ATTRIBUTES: '', TRACELOOP_TRACE_CONTENT: 'true' };
    // LangSmith tells of the checkout that it is started in.
    const { stdout } = await promisify(execFile)(program, rest, { env, cwd: tmpdir(), maxBuffer: 1 << 26 });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const told = JSON.parse(line) as Pick<Recording, 'case' | 'bill' | 'request'>;
        const buckets = new Set(told.bill.flatMap(({ usage }) => Object.keys(usage)));
        return {
          instrumentation: of.package,
          version: versionOf(of),
          ...(of.env === undefined ? {} : { settings: of.env }),
          vendor,
          case: told.case,
          bill: told.bill,
          lost: lossesOf(of, vendor, told.case, buckets),
          request: harmless(told.request, fake.url, `${of.package} ${vendor} ${told.case}`),
        };
      });
  } finally {
    await fake.close();
  }
}

/** File name of a recording, without `.json`. */
export function nameOf(of: Instrumentation, { version, vendor, case: name }: Recording): string {
  const settings = of.variant === undefined ? '' : `-${of.variant}`;
  return `${of.language}-${of.package.replace('@', '').replace('/', '-')}@${version}${settings}-${vendor}-${name}`;
}

/** Contents that are longer are cut, in characters: an agent's spans repeat the whole conversation each. */
const longest = 600;

/** What tells where files of this machine are. */
const trace = /Traceback \(most recent call last\):[^]*/;
const stackTraces: ReadonlySet<unknown> = new Set(['exception.stacktrace', 'error.stack_trace']);

/** What clients and vendors say of the clock in contents. */
const clockTimes = /\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d GMT/g;

/** The same spans with identifiers and times that do not change from run to run, and nothing of the machine. */
function harmless(request: Recording['request'], url: string, seed: string): Recording['request'] {
  const ids = new Map<string, string>();
  const times = new Set<bigint>();
  JSON.stringify(request, (key, value: unknown) => {
    if (key.endsWith('UnixNano')) times.add(BigInt(value as string));
    return value;
  });
  const ordered = [...times].toSorted((a, b) => (a < b ? -1 : 1));
  const text = JSON.stringify(request, (key, value: unknown) => {
    if (key === 'resource') return { attributes: [{ key: 'service.name', value: { stringValue: 'waterworks' } }] };
    // In the order they happened, 10 ms apart.
    if (key.endsWith('UnixNano'))
      return String(1_790_000_000_000_000_000n + BigInt(ordered.indexOf(BigInt(value as string))) * 10_000_000n);
    if ((key === 'traceId' || key === 'spanId' || key === 'parentSpanId') && value !== '') {
      const fresh = createHash('sha256').update(`${seed} ${ids.size}`).digest('hex');
      const id = ids.get(value as string) ?? fresh.slice(0, key === 'traceId' ? 32 : 16);
      ids.set(value as string, id);
      return id;
    }
    if (typeof value === 'string') {
      const timeless = value
        .replace(trace, 'Traceback')
        .replaceAll(clockTimes, (time) => (time.endsWith('GMT') ? 'Mon, 21 Sep 2026 14:13:20 GMT' : '2026-09-21T14:13:20Z'));
      return timeless.length > longest ? `${timeless.slice(0, longest)}...` : timeless;
    }
    if (isStackTrace(value)) return { ...value, value: { stringValue: 'trace' } };
    return value;
  });
  const { port } = new URL(url);
  const uuids = new Map<string, string>();
  const stable = text.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uuid) => {
    if (!uuids.has(uuid)) uuids.set(uuid, `00000000-0000-4000-8000-${String(uuids.size).padStart(12, '0')}`);
    return uuids.get(uuid)!;
  });
  const anonymous = stable.replaceAll(`127.0.0.1:${port}`, 'vendor.example').replaceAll(`"intValue":"${port}"`, '"intValue":"443"');
  const plain = JSON.parse(
    anonymous.replaceAll(`"intValue":${port}`, '"intValue":443').replaceAll('127.0.0.1', 'vendor.example'),
  ) as Partial<Recording['request']>;
  return { resourceSpans: plain.resourceSpans ?? [] };
}

function isStackTrace(value: unknown): value is { key: string } {
  return typeof value === 'object' && value !== null && stackTraces.has((value as { key?: unknown }).key);
}

// As a program: records every instrumentation anew, or those whose package contains a word.
if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', '..', '..', 'packages', 'genai', 'testdata', 'spans');
  mkdirSync(folder, { recursive: true });
  const [word = ''] = process.argv.slice(2);
  for (const of of instrumentations.filter((candidate) => candidate.package.includes(word))) {
    const start = `${of.language}-${of.package.replace('@', '').replace('/', '-')}@`;
    const settings = of.variant === undefined ? '' : `-${of.variant}`;
    for (const vendor of of.vendors) {
      const begins = `${start}${versionOf(of)}${settings}-${vendor}-`;
      for (const file of readdirSync(folder)) if (file.startsWith(begins)) rmSync(join(folder, file));
      for (const recording of await record(of, vendor)) {
        writeFileSync(join(folder, `${nameOf(of, recording)}.json`), `${JSON.stringify(recording, undefined, 1)}\n`);
      }
      console.log(begins);
    }
  }
}
