import { readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Signal } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { differences, pairUp } from './differences.ts';
import type { Difference } from './differences.ts';
import { findNode, findNodes } from './find-node.ts';
import { itemNames } from './item.ts';
import type { Item, ItemSignal } from './item.ts';
import { itemsOf } from './items-of.ts';
import { requestOf } from './request-of.ts';
import type { ExpectStep, SendStep, Step } from './test-schema.ts';
import type { Trial, TrialNode } from './trial.ts';

/** What went wrong in a test: the step, counted from 0, and lines for people. */
export interface TestFailure {
  readonly step: number;
  readonly lines: readonly string[];
}

/** What a test runs with. */
export interface TestOptions {
  /** The file that it stands in; paths are relative to its folder. */
  readonly path: string;
  /** Whether golden files are written instead of compared. */
  readonly update: boolean;
}

/** Runs the steps of a test on its trial until one fails; undefined when none does. */
export async function runTest(trial: Trial, steps: readonly Step[], options: TestOptions): Promise<TestFailure | undefined> {
  const run = new TestRun(trial, options);
  for (const [step, each] of steps.entries()) {
    let lines: string[];
    try {
      lines = await run.step(each);
    } catch (error) {
      lines = [(error as Error).message];
    }
    if (lines.length > 0) return { step, lines };
  }
  return undefined;
}

class TestRun {
  readonly #trial: Trial;
  readonly #options: TestOptions;
  /** How many requests of a node were looked at. */
  readonly #seen = new Map<TrialNode, number>();

  constructor(trial: Trial, options: TestOptions) {
    this.#trial = trial;
    this.#options = options;
  }

  async step(step: Step): Promise<string[]> {
    if (step === 'stop') await this.#trial.stop();
    else if (step.advance !== undefined) await this.#trial.advance(durationMs(step.advance));
    else if (step.send !== undefined) return this.#send(step.send);
    else if (step.expect !== undefined) return this.#expect(step.expect);
    return [];
  }

  async #send(step: SendStep): Promise<string[]> {
    const requests = step.file === undefined ? this.#requestsOf(step) : await this.#readRequests(step.file);
    if (requests.length === 0) throw new Error('nothing to send: say spans, logs, points or file');
    let refusal: string | undefined;
    for (const { signal, request } of requests) {
      refusal = await this.#trial.send(findNode(this.#trial, { ...step, signal }), signal, request);
      if (refusal !== undefined && (step.refused === undefined || !refusal.includes(step.refused))) {
        return [`${step.node} refuses what is sent: ${refusal}`];
      }
    }
    return step.refused !== undefined && refusal === undefined ? [`${step.node} takes what is sent, which should be refused`] : [];
  }

  #requestsOf({ spans, logs, points }: SendStep): { signal: Signal; request: object }[] {
    const bySignal: [ItemSignal, readonly Item[] | undefined][] = [
      ['traces', spans],
      ['logs', logs],
      ['metrics', points],
    ];
    return bySignal
      .filter(([, items]) => items !== undefined)
      .map(([signal, items]) => ({ signal, request: requestOf(signal, items!, this.#trial.now) }));
  }

  async #readRequests(file: string): Promise<{ signal: Signal; request: object }[]> {
    const text = await readFile(this.#path(file), 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Error(`cannot read ${file}: ${error.code}`);
    });
    return requestsIn(text, file);
  }

  #path(file: string): string {
    return resolve(dirname(this.#options.path), file);
  }

  async #expect(step: ExpectStep): Promise<string[]> {
    const nodes = findNodes(this.#trial, step);
    const came: Record<ItemSignal, Item[]> = { traces: [], logs: [], metrics: [] };
    for (const node of nodes) {
      const requests = outputOf(node);
      for (const request of requests.slice(this.#seen.get(node) ?? 0)) {
        const signal = signalOf(request);
        if (signal !== undefined) came[signal].push(...itemsOf(signal, request));
      }
      this.#seen.set(node, requests.length);
    }
    const all = Object.values(came).flat();
    const problems: string[] = [];
    if (step.items !== undefined && step.items !== all.length) {
      problems.push(`items`, `  expected ${step.items}`, `  received ${all.length}`, ...all.slice(0, 5).map((item) => `    ${show(item)}`));
    }
    for (const [signal, name] of Object.entries(itemNames) as [ItemSignal, 'spans'][]) {
      const expected = step[name];
      if (expected !== undefined) problems.push(...comparedItems(name, expected, came[signal], step.others));
    }
    if (step.dropped !== undefined) {
      const dropped: Record<string, number> = {};
      for (const { entry } of nodes)
        for (const [reason, items] of Object.entries(entry.dropped)) dropped[reason] = (dropped[reason] ?? 0) + items;
      problems.push(...differences(step.dropped, dropped, 'dropped').flatMap(linesOf));
    }
    if (step.golden !== undefined) problems.push(...(await this.#golden(step.golden, all)));
    return problems;
  }

  async #golden(file: string, items: readonly Item[]): Promise<string[]> {
    const path = this.#path(file);
    const timeless = items.map((item) => JSON.stringify(withoutTimes(item))).sort();
    const received = timeless.map((item) => JSON.parse(item) as Item);
    if (this.#options.update) {
      await writeFile(path, `${JSON.stringify(received, undefined, 2)}\n`);
      return [];
    }
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return [`${file} does not exist: --update writes it`];
    const expected = JSON.parse(text) as Item[];
    const problems = comparedItems(file, expected, received, false);
    // An expectation says what must be there; a golden file says that there is nothing else.
    return problems.length > 0 ? problems : comparedItems(`${file}, what it does not have`, received, expected, false);
  }
}

/** Exporters pass on nothing: what they were given counts. */
function outputOf(node: TrialNode): readonly object[] {
  return node.entry.origin?.kind === 'exporter' ? node.taken : node.passedOn;
}

/** The signal of an OTLP/JSON request; undefined for profiles. */
export function signalOf(request: object): ItemSignal | undefined {
  if ('resourceSpans' in request) return 'traces';
  if ('resourceLogs' in request) return 'logs';
  return 'resourceMetrics' in request ? 'metrics' : undefined;
}

/** The OTLP/JSON requests of a text: one, or one on each line. Throws an Error that names the line that is none. */
export function requestsIn(text: string, file: string): { signal: ItemSignal; request: object }[] {
  const whole = parsed(text);
  const candidates = whole === undefined ? text.split('\n').map((line, index) => ({ line: index + 1, text: line })) : [{ line: 1, text }];
  return candidates
    .filter((candidate) => candidate.text.trim() !== '')
    .map((candidate) => {
      const request = parsed(candidate.text);
      const signal = request === undefined ? undefined : signalOf(request);
      if (request === undefined || signal === undefined) throw new Error(`${file}:${candidate.line}: expected an OTLP/JSON request`);
      return { signal, request };
    });
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function withoutTimes(item: Item): Item {
  const { start_time: _start, time: _time, observed_time: _observed, ...rest } = item;
  return rest;
}

function comparedItems(name: string, expected: readonly unknown[], received: readonly unknown[], others: boolean): string[] {
  const pairs = pairUp(expected, received);
  const lines = pairs.unlike.flatMap(({ index, found }) => [`${name}[${index}]`, ...found.flatMap(linesOf).map((line) => `  ${line}`)]);
  if (others || pairs.others.length === 0) return lines;
  return [...lines, `${name}: ${pairs.others.length} more than expected`, ...pairs.others.slice(0, 5).map((item) => `  ${show(item)}`)];
}

function linesOf({ path, expected, received }: Difference): string[] {
  const lines = [`  expected ${show(expected)}`, `  received ${received === undefined ? 'nothing' : show(received)}`];
  return path === '' ? lines.map((line) => line.slice(2)) : [path, ...lines];
}

function show(value: unknown): string {
  if (value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
