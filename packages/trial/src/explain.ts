import type { Signal } from '@millrace/api';
import { findNode } from './find-node.ts';
import { textOf } from './item.ts';
import type { Item, Json } from './item.ts';
import { itemsOf } from './items-of.ts';
import { requestsIn, signalOf } from './run-test.ts';
import type { Trial, TrialNode } from './trial.ts';

/** How long the clock runs after the items were sent, so that what waits for a time comes out. */
const runMs = 10 * 60_000;

/** What is to be explained. */
export interface Question {
  readonly signal: Signal;
  /** The OTLP/JSON request to send. */
  readonly request: object;
  /** Where it enters; default: the one receiver of the signal. */
  readonly node?: string;
}

/**
 * Sends a request through a trial, lets time pass, stops it, and tells in lines what every node did to every item: passed on as it was, changed
 * (which fields), dropped (the reason in the books), kept, or made. Spans are followed by their ids, so a request may hold a whole trace; log
 * records and data points are told apart only when they are alone.
 */
export async function explain(trial: Trial, { signal, request, node }: Question): Promise<string[]> {
  const door = node === undefined ? onlyReceiver(trial, signal) : findNode(trial, { node, signal });
  const refusal = await trial.send(door, signal, request);
  await trial.advance(runMs);
  await trial.stop();
  const lines = itemsOf(signal, request).flatMap((item, index, all) => [
    ...(all.length > 1 && index > 0 ? [''] : []),
    titleOf(signal, item),
    ...[...trial.reached].flatMap((reached) => told(reached, signal, item, all.length)),
  ]);
  if (refusal !== undefined) lines.push(`refused: ${refusal}`);
  const warnings = trial.log.filter((line) => /\t(warn|error)\t/.test(line));
  return warnings.length === 0 ? lines : [...lines, '', 'Log:', ...warnings.map((line) => `  ${line.trim()}`)];
}

/**
 * The items in a text of OTLP/JSON requests, each as a request of its own; the spans of the named trace are one request. Without a trace every
 * item is one. Throws an Error that names the line that is no request.
 */
export function itemRequests(text: string, file: string, trace?: string): Question[] {
  const single = requestsIn(text, file).flatMap(({ signal, request }) =>
    separated(request as Json).map((alone) => ({ signal, request: alone, item: itemsOf(signal, alone)[0]! })),
  );
  if (trace === undefined) return single;
  const own = single.filter(({ item }) => item['trace_id'] === trace);
  const spans = own.filter(({ signal }) => signal === 'traces');
  const rest = own.filter(({ signal }) => signal !== 'traces');
  if (spans.length === 0) return rest;
  return [{ signal: 'traces', request: { resourceSpans: spans.flatMap(({ request }) => request['resourceSpans'] as Json[]) } }, ...rest];
}

const groups = new Set([
  'resourceSpans',
  'scopeSpans',
  'spans',
  'resourceLogs',
  'scopeLogs',
  'logRecords',
  'resourceMetrics',
  'scopeMetrics',
]);
const data = new Set(['metrics', 'gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary', 'dataPoints']);

/** One copy of a message for each item in it, with what stands above the item. */
function separated(message: Json): Json[] {
  const inner = Object.keys(message).find((name) => groups.has(name) || data.has(name));
  if (inner === undefined) return [message];
  const held = message[inner];
  if (!Array.isArray(held)) return separated(held as Json).map((alone) => ({ ...message, [inner]: alone }));
  return (held as Json[]).flatMap((each) => separated(each).map((alone) => ({ ...message, [inner]: [alone] })));
}

function onlyReceiver({ nodes }: Trial, signal: Signal): TrialNode {
  const receivers = nodes.filter(({ entry }) => entry.origin?.kind === 'receiver' && entry.origin.signal === signal);
  if (receivers.length === 1) return receivers[0]!;
  if (receivers.length === 0) throw new Error(`no receiver of the configuration takes ${signal}`);
  throw new Error(`several receivers take ${signal}: add --at, one of: ${receivers.map(({ name }) => name).join(', ')}`);
}

function titleOf(signal: Signal, item: Item): string {
  const name = JSON.stringify(item['name'] ?? item['body'] ?? '');
  if (signal === 'traces') return `span ${String(item['span_id'])} ${name} of trace ${String(item['trace_id'])}`;
  return signal === 'logs' ? `log record ${name}` : `data point of ${name}`;
}

/** What a node did to an item, in lines; none when the item did not get there. */
function told(node: TrialNode, signal: Signal, item: Item, count: number): string[] {
  const { entry, name } = node;
  const { kind, pipeline } = entry.origin!;
  const label = `  ${name}${pipeline === undefined ? '' : ` (${pipeline})`}: `;
  const taken = itemsIn(node.taken);
  const passedOn = itemsIn(node.passedOn);
  if (kind === 'receiver') return [`${label}received`];
  const before = taken.find(isSame(signal, item, taken));
  if (before === undefined) return [];
  if (kind === 'exporter') return [`${label}exported`];
  const after = passedOn.find((other) => other.signal === signal && isSame(signal, item, passedOn)(other));
  const others = count === 1 && after === undefined ? passedOn : passedOn.filter((other) => other.signal !== signal);
  const made =
    others.length === 0
      ? []
      : [`${label}made ${others.length} ${others.length === 1 ? 'item' : 'items'} of ${others[0]!.signal}: ${summary(others)}`];
  if (after === undefined) return made.length > 0 ? made : [`${label}${whereItWent(node)}`];
  const changes = changesOf(before.item, after.item);
  if (changes.length === 0) return [`${label}passed on`, ...made];
  return [`${label}changed`, ...changes.map((change) => `    ${change}`), ...made];
}

interface Signed {
  readonly signal: Signal;
  readonly item: Item;
}

function itemsIn(requests: readonly object[]): Signed[] {
  return requests.flatMap((request) => {
    const signal = signalOf(request);
    return signal === undefined ? [] : itemsOf(signal, request).map((item) => ({ signal, item }));
  });
}

/** Spans have ids, which nothing changes; anything else is alone. */
function isSame(signal: Signal, item: Item, all: readonly Signed[]): (other: Signed) => boolean {
  if (signal !== 'traces') return (other) => all.length === 1 && other.signal === signal;
  return (other) => other.item['span_id'] === item['span_id'] && other.item['trace_id'] === item['trace_id'];
}

function whereItWent({ entry }: TrialNode): string {
  const reasons = Object.entries(entry.dropped).filter(([, items]) => items > 0);
  if (reasons.length > 0) return `dropped (${reasons.map(([reason, items]) => `${reason}: ${items}`).join(', ')})`;
  if (entry.held > 0) return 'held';
  return entry.absorbed > 0 ? 'taken in, nothing came out' : 'refused by what follows';
}

function summary(made: readonly Signed[]): string {
  const names = [...new Set(made.map(({ item }) => textOf(item['name'] ?? item['body'], '(no text)')))];
  return `${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`;
}

/** The fields that differ, with nested maps spelled out: `attributes.env: nothing -> "prod"`. */
function changesOf(before: unknown, after: unknown, path = ''): string[] {
  // What is empty is not shown: a first attribute is a change of that attribute.
  const [old = {}, changed = {}] = [before, after];
  if (isMap(old) && isMap(changed)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(changed)])];
    return keys.flatMap((key) => changesOf(old[key], changed[key], path === '' ? key : `${path}.${key}`));
  }
  const [from, to] = [before, after].map((value) => (value === undefined ? 'nothing' : JSON.stringify(value)));
  return from === to ? [] : [`${path}: ${from} -> ${to}`];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
