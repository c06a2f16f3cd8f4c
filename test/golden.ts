import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkConfig, ConfigError, formatProblems, resolveConfig } from '@millrace/config';
import { components } from '@millrace/distribution';
import { catalogOf, enabledGates, featureGates, Service } from '@millrace/service';
import type { ComponentKind, FactoryEntry } from '@millrace/api';
import { parse } from 'yaml';
import { freePorts, temporaryFolder } from './harness.ts';

const root = join(import.meta.dirname, '..');

/** A golden case as its file says: what goes into a component, and how its output is compared. */
export interface GoldenCase {
  /** The name of the file, without `.yaml`. */
  readonly name: string;
  /** One sentence. */
  readonly shows: string;
  /** What goes in. */
  readonly signal: string;
  /** What comes out; default: what goes in. */
  readonly output?: string;
  /** The component's settings, as a user writes them. */
  readonly config: unknown;
  /** Feature gates that the reference needs. */
  readonly gates?: readonly string[];
  /** Headers of the requests. */
  readonly headers?: Readonly<Record<string, string>>;
  /** OTLP/JSON requests, each sent when the one before was acknowledged. */
  readonly inputs: readonly unknown[];
  /** Stop when so many items came out; default: at once, which drains. */
  readonly untilItems?: number;
  /** Members that are removed from both sides before they are compared. */
  readonly ignore?: readonly string[];
  /** Equal resources, scopes and metrics are one before they are compared. */
  readonly merge?: boolean;
  /** Why the output is not the reference's. */
  readonly differs?: string;
  /** `semantics`: no reference has the component, the expectation follows what its README says. */
  readonly reference?: 'semantics';
}

/** A component and its golden cases. */
export interface GoldenSuite {
  /** `packages/NAME`. */
  readonly folder: string;
  readonly kind: ComponentKind;
  readonly entry: FactoryEntry;
  readonly cases: readonly GoldenCase[];
}

type Json = { [name: string]: Json } | Json[] | string | number | boolean | null;

/** The suites of all packages, or of one (`packages/NAME`). */
export async function goldenSuites(folder = 'packages/*'): Promise<GoldenSuite[]> {
  const files = globSync(`${folder}/testdata/golden/*.yaml`, { cwd: root }).sort();
  const suites: GoldenSuite[] = [];
  for (const own of new Set(files.map((file) => dirname(dirname(dirname(file)))))) {
    const kind = basename(own).split('-')[0] as ComponentKind;
    const { factory } = (await import(join(root, own, 'src', 'index.ts'))) as { factory: { type: string } };
    const entry = components.find((known) => known.kind === kind && known.type === factory.type);
    if (entry === undefined) throw new Error(`${own}: ${kind} ${factory.type} is not in the distribution`);
    const cases = files
      .filter((file) => file.startsWith(`${own}/`))
      .map(
        (file): GoldenCase =>
          ({ name: basename(file, '.yaml'), ...(parse(readFileSync(join(root, file), 'utf8')) as object) }) as GoldenCase,
      );
    suites.push({ folder: own, kind, entry, cases });
  }
  return suites;
}

/** Where the expectation of a case stands. */
export function expectationFile(suite: GoldenSuite, { name }: GoldenCase): string {
  return join(root, suite.folder, 'testdata', 'golden', `${name}.expected.json`);
}

/** The recorded output of a case in canonical form. */
export function expectationOf(suite: GoldenSuite, golden: GoldenCase): unknown {
  const file = expectationFile(suite, golden);
  if (!existsSync(file)) throw new Error(`${golden.name} has no expectation: record it`);
  return canonical(JSON.parse(readFileSync(file, 'utf8')) as { outputs: Json[] }, golden);
}

/** The configuration in which every case has a pipeline of its own, from an OTLP receiver to a file. */
function configOf(kind: ComponentKind, type: string, cases: readonly GoldenCase[], ports: readonly number[], folder: string): unknown {
  const own = Object.fromEntries(cases.map(({ name, config }) => [`${type}/${name}`, config ?? null]));
  const pipelines = cases.flatMap(({ name, signal, output = signal }): [string, unknown][] => {
    const id = `${type}/${name}`;
    const receivers = [`otlp/${name}`];
    const exporters = [`file/${name}`];
    if (kind !== 'connector') return [[`${signal}/${name}`, { receivers, processors: [id], exporters }]];
    return [
      [`${signal}/${name}_in`, { receivers, exporters: [id] }],
      [`${output}/${name}_out`, { receivers: [id], exporters }],
    ];
  });
  return {
    receivers: Object.fromEntries(
      cases.map(({ name }, index) => [
        `otlp/${name}`,
        { protocols: { http: { endpoint: `127.0.0.1:${ports[index]}`, include_metadata: true } } },
      ]),
    ),
    [`${kind}s`]: own,
    exporters: Object.fromEntries(cases.map(({ name }) => [`file/${name}`, { path: join(folder, name), flush_interval: '20ms' }])),
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: Object.fromEntries(pipelines) },
  };
}

/** A program that runs a configuration until it is told to stop, which drains. */
export type Program = (config: unknown, gates: readonly string[]) => Promise<{ stop(): Promise<void> }>;

/** Sends the inputs of all cases through a program, one run for every set of feature gates, and returns their outputs by case in canonical form. */
export async function runCases(
  suite: GoldenSuite,
  cases: readonly GoldenCase[],
  program: Program,
  type: string,
): Promise<Map<string, unknown>> {
  const outputs = new Map<string, unknown>();
  for (const gates of new Set(cases.map((golden) => (golden.gates ?? []).join()))) {
    const alike = cases.filter((golden) => (golden.gates ?? []).join() === gates);
    const folder = join(temporaryFolder(), 'golden');
    mkdirSync(folder);
    const ports = await freePorts(alike.length);
    const running = await program(configOf(suite.kind, type, alike, ports, folder), gates === '' ? [] : gates.split(','));
    try {
      await Promise.all(alike.map((golden, index) => feed(golden, ports[index]!, join(folder, golden.name))));
    } finally {
      await running.stop();
    }
    for (const golden of alike) outputs.set(golden.name, canonical({ outputs: linesOf(join(folder, golden.name)) }, golden));
  }
  return outputs;
}

async function feed(golden: GoldenCase, port: number, file: string): Promise<void> {
  for (const input of golden.inputs) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/${golden.signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...golden.headers },
      body: JSON.stringify(input),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${golden.name}: HTTP ${response.status} ${answer}`);
  }
  const deadline = Date.now() + 20_000;
  while (countItems(linesOf(file)) < (golden.untilItems ?? 0)) {
    if (Date.now() > deadline) throw new Error(`${golden.name}: ${countItems(linesOf(file))} of ${golden.untilItems} items came out`);
    await delay(20);
  }
}

function linesOf(file: string): Json[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json);
}

const itemLists = new Set(['spans', 'logRecords', 'dataPoints']);

function countItems(json: Json): number {
  if (typeof json !== 'object' || json === null) return 0;
  if (Array.isArray(json)) return json.reduce<number>((sum, item) => sum + countItems(item), 0);
  return Object.entries(json).reduce((sum, [name, value]) => sum + (itemLists.has(name) ? (value as Json[]).length : countItems(value)), 0);
}

/** Lists in which the order says nothing; those of events, links and values keep theirs. */
const unordered = new Set(
  (
    'resourceSpans scopeSpans spans resourceLogs scopeLogs logRecords resourceMetrics scopeMetrics metrics ' +
    'dataPoints attributes filteredAttributes exemplars metadata'
  ).split(' '),
);

/** Messages that say the same when they are empty and when they are absent. */
const optional = new Set(['resource', 'scope', 'status', 'body', 'value']);

/** One request with everything in it: members and unordered lists sorted, ignored members removed. */
function canonical({ outputs }: { readonly outputs: readonly Json[] }, { ignore = [], merge = false }: GoldenCase): { outputs: Json[] } {
  const all: { [name: string]: Json[] } = {};
  for (const request of outputs) {
    for (const [name, list] of Object.entries(request as { [name: string]: Json[] })) (all[name] ??= []).push(...list);
  }
  const removed = new Set(ignore);
  const cleaned = Object.keys(all).length === 0 ? [] : [sorted(all, '', removed, merge)];
  return { outputs: cleaned };
}

function sorted(json: Json, within: string, removed: ReadonlySet<string>, merge: boolean): Json {
  if (typeof json !== 'object' || json === null) return json;
  if (!Array.isArray(json)) {
    const members = Object.entries(json).filter(([name, value]) => !removed.has(name) && !(optional.has(name) && isEmpty(value)));
    return Object.fromEntries(
      members.sort(([a], [b]) => compare(a, b)).map(([name, value]) => [name, sorted(value, name, removed, merge)] as const),
    );
  }
  const items = json.map((item) => sorted(item, '', removed, merge));
  const list = merge ? merged(items, within, removed) : items;
  return unordered.has(within) || isKeyValues(list) ? list.sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b))) : list;
}

function isEmpty(json: Json): boolean {
  return typeof json === 'object' && json !== null && Object.keys(json).length === 0;
}

/** An entry without `key` has the empty one, which OTLP/JSON leaves out. */
function isKeyValues(list: readonly Json[]): boolean {
  return list.some((item) => typeof item === 'object' && item !== null && 'key' in item);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a list of groups holds; metrics hold their points one level deeper, in the member of their kind. */
const groups: Readonly<Record<string, readonly string[]>> = {
  resourceSpans: ['scopeSpans'],
  resourceLogs: ['scopeLogs'],
  resourceMetrics: ['scopeMetrics'],
  scopeSpans: ['spans'],
  scopeLogs: ['logRecords'],
  scopeMetrics: ['metrics'],
  metrics: ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
};

/** Puts what equal groups hold into the first of them. */
function merged(list: readonly Json[], within: string, removed: ReadonlySet<string>): Json[] {
  const inner = groups[within];
  if (inner === undefined) return [...list];
  const first = new Map<string, { [name: string]: Json }>();
  for (const item of list as { [name: string]: Json }[]) {
    const key = JSON.stringify(item, (name, value: unknown) =>
      inner.includes(name) && Array.isArray(value) ? [] : name === 'dataPoints' ? [] : value,
    );
    const found = first.get(key);
    if (found === undefined) {
      first.set(key, item);
      continue;
    }
    for (const name of inner) {
      if (item[name] === undefined) continue;
      const lists: [Json, Json] = within === 'metrics' ? [pointsOf(found[name]!), pointsOf(item[name])] : [found[name]!, item[name]];
      (lists[0] as Json[]).push(...(lists[1] as Json[]));
    }
  }
  return [...first.values()].map((group) => {
    for (const name of inner) {
      const held = group[name];
      // Groups that came together may hold equal groups in turn.
      if (Array.isArray(held)) group[name] = sorted(held, name, removed, true);
      else if (held !== undefined) (held as { dataPoints: Json }).dataPoints = sorted(pointsOf(held), 'dataPoints', removed, true);
    }
    return group;
  });
}

function pointsOf(data: Json): Json[] {
  return (data as { dataPoints: Json[] }).dataPoints;
}

/** Runs millrace in this process. */
export const millrace: Program = async (config, gates) => {
  const known = gates.filter((gate) => featureGates.some(({ id }) => id === gate.replace(/^[+-]/, '')));
  const enabled = enabledGates(known.join());
  const log: string[] = [];
  const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify(config)}`], env: {}, cwd: root, featureGates: enabled });
  const checked = await checkConfig(
    resolved,
    catalogOf(components, () => undefined),
    { featureGates: enabled },
  ).catch((error: unknown) => {
    throw error instanceof ConfigError ? new Error(formatProblems(error.problems)) : error;
  });
  const program = { name: 'millrace', version: '0.0.0' };
  const service = await Service.create({
    config: checked,
    components,
    program,
    featureGates: enabled,
    writeLog: (line) => void log.push(line),
  });
  await service.start();
  return { stop: () => service.shutdown() };
};
