import { describe, expect, it } from '@jest/globals';
import { BatchBuilder, Key, key, walk } from '@millrace/wire';
import type { AttributesEdit, AttributesView, DataPointView, FieldsEdit, ItemView, LogView, SpanView, Visitor } from '@millrace/wire';
import type { MetricEdit, ResourceEdit, ScopeEdit } from '@millrace/wire';
import { expectSame, meaning, signals } from './meaning.ts';
import type { TestSignal } from './meaning.ts';
import { decode, encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';
import { Random, RandomRequest, expectAdmissible, keyTexts, pool, texts, toBatch } from './walk-harness.ts';

type Change = (of: PlainMessage) => void;
type Field = [number: number, name: string, kind: 'varint' | 'fixed64' | 'fixed32' | 'double' | 'text' | 'trace' | 'span'];

const list = (value: unknown): PlainMessage[] => (value as PlainMessage[] | undefined) ?? [];
const names = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const;
const dataTypes = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
const typeOf = (metric: PlainMessage): string | undefined => dataTypes.find((type) => metric[type] !== undefined);
const dataOf = (metric: PlainMessage): PlainMessage => (metric[typeOf(metric) ?? ''] as PlainMessage | undefined) ?? {};
const wireTypes = { varint: 0, fixed64: 1, fixed32: 5, double: 1, text: 2, trace: 2, span: 2 } as const;

const spanFields: readonly Field[] = [
  [1, 'traceId', 'trace'],
  [2, 'spanId', 'span'],
  [3, 'traceState', 'text'],
  [4, 'parentSpanId', 'span'],
  [5, 'name', 'text'],
  [6, 'kind', 'varint'],
  [7, 'startTimeUnixNano', 'fixed64'],
  [8, 'endTimeUnixNano', 'fixed64'],
  [10, 'droppedAttributesCount', 'varint'],
  [12, 'droppedEventsCount', 'varint'],
  [14, 'droppedLinksCount', 'varint'],
  [16, 'flags', 'fixed32'],
];
const eventFields: readonly Field[] = [
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'name', 'text'],
  [4, 'droppedAttributesCount', 'varint'],
];
const logFields: readonly Field[] = [
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'severityNumber', 'varint'],
  [3, 'severityText', 'text'],
  [7, 'droppedAttributesCount', 'varint'],
  [8, 'flags', 'fixed32'],
  [9, 'traceId', 'trace'],
  [10, 'spanId', 'span'],
  [11, 'observedTimeUnixNano', 'fixed64'],
  [12, 'eventName', 'text'],
];
const pointFields: readonly Field[] = [
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
];
const histogramFields: readonly Field[] = [...pointFields, [4, 'count', 'fixed64'], [5, 'sum', 'double']];

/** Makes random edits and remembers what they do to a decoded message. */
class Editor {
  readonly r: Random;

  constructor(seed: number) {
    this.r = new Random(seed);
  }

  fields(fields: FieldsEdit, known: readonly Field[]): Change[] {
    return this.r.list(3, () => this.#field(fields, this.r.pick(known)));
  }

  #field(fields: FieldsEdit, [field, name, kind]: Field): Change {
    const { r } = this;
    if (r.chance(25)) {
      fields.remove(field, wireTypes[kind]);
      return (of) => delete of[name];
    }
    const number = r.pick([0, 1, 5, 127, 128, 300, 70_000]);
    const text = r.pick(texts);
    const id = new Uint8Array(kind === 'trace' ? 16 : 8).fill(1 + r.below(255));
    switch (kind) {
      case 'varint':
        fields.setVarint(field, r.chance(50) ? number : BigInt(number));
        return (of) => (of[name] = number);
      case 'fixed64':
        fields.setFixed64(field, BigInt(number));
        return (of) => (of[name] = BigInt(number));
      case 'fixed32':
        fields.setFixed32(field, number);
        return (of) => (of[name] = number);
      case 'double':
        fields.setDouble(field, number / 2);
        return (of) => (of[name] = number / 2);
      case 'text':
        fields.setBytes(field, text);
        return (of) => (of[name] = text);
      default:
        fields.setBytes(field, id);
        return (of) => (of[name] = id);
    }
  }

  attributes(attributes: AttributesEdit): Change[] {
    return this.r.list(3, () => {
      const [to, from] = [this.r.pick(keyTexts), this.r.pick(keyTexts)];
      const slot = attributes.find(key(from));
      if (slot < 0 || this.r.chance(20)) {
        attributes.delete(key(to));
        return (of) => {
          const at = list(of['attributes']).findIndex((kv) => (kv['key'] ?? '') === to);
          if (at >= 0) list(of['attributes']).splice(at, 1);
        };
      }
      attributes.setFrom(key(to), slot);
      return (of) => {
        const kvs = list(of['attributes']);
        const { value = {} } = kvs.find((kv) => (kv['key'] ?? '') === from)!;
        const found = kvs.find((kv) => (kv['key'] ?? '') === to);
        const taken = structuredClone(value);
        if (found === undefined) kvs.push({ key: to, value: taken });
        else found['value'] = taken;
      };
    });
  }
}

/** Without resources and scopes that say nothing: one that had a field for a moment is written. */
function withoutEmpty(of: unknown): unknown {
  if (Array.isArray(of)) return of.map(withoutEmpty);
  if (typeof of !== 'object' || of === null) return of;
  const entries = Object.entries(of).filter(
    ([name, value]) => !((name === 'resource' || name === 'scope') && Object.keys(value as object).length === 0),
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutEmpty(value)]));
}

/** Walks with random edits at every level, of which some hooks throw, and expects what the model has after the same edits. */
function expectSameEdits(signal: TestSignal, seed: number, isLate: boolean): void {
  const bytes = new RandomRequest(new Random(seed)).bytes(signal);
  const editor = new Editor(seed);
  const { r } = editor;
  const expected = decode(signal, bytes);
  // The parts of the model in the order in which the hooks are called.
  const [groupName, scopeName, childName] = names[signal];
  const groups = list(expected[groupName]).values();
  let group: PlainMessage = {};
  let scopes: Iterator<PlainMessage> = [].values();
  let scope: PlainMessage = {};
  let children: Iterator<PlainMessage> = [].values();
  let points: Iterator<PlainMessage> = [].values();
  const appended: [after: PlainMessage, scope: PlainMessage, metric: PlainMessage][] = [];
  const finish = (changes: Change[], of: PlainMessage): void => {
    if (r.chance(15)) throw new Error('taken back');
    for (const change of changes) change(of);
  };
  const headerChanges = (view: ResourceEdit | ScopeEdit, around: PlainMessage, part: string, dropped: number): void => {
    const changes = editor.fields(view.fields, [[dropped, 'droppedAttributesCount', 'varint']]);
    const url = r.pick(texts);
    const setsUrl = r.chance(40);
    if (setsUrl) {
      view.setSchemaUrl(url);
      expect(view.schemaUrl).toBe(url);
    }
    finish([], around);
    if (setsUrl) around['schemaUrl'] = url;
    const of = (around[part] ?? {}) as PlainMessage;
    for (const change of changes) change(of);
    if (around[part] !== undefined || Object.keys(of).length > 0) around[part] = of;
  };
  const itemChanges = (view: ItemView, fields: readonly Field[]): Change[] => [
    ...editor.fields(view.fields, fields),
    ...editor.attributes(view.attributes),
  ];
  const visitor: Visitor = {
    ...(isLate && { traits: { editsUpward: true } }),
    onResource(view) {
      group = groups.next().value!;
      scopes = list(group[scopeName]).values();
      headerChanges(view, group, 'resource', 2);
    },
    onScope(view) {
      scope = scopes.next().value!;
      children = list(scope[childName]).values();
      headerChanges(view, scope, 'scope', 4);
    },
    onSpan(view: SpanView) {
      const of = children.next().value!;
      const changes = itemChanges(view, spanFields);
      for (let i = 0; i < view.events.size; i++) {
        const eventChanges = editor.fields(view.events.at(i).fields, eventFields);
        changes.push((span) => {
          for (const change of eventChanges) change(list(span['events'])[i]!);
        });
      }
      finish(changes, of);
    },
    onLog(view: LogView) {
      const of = children.next().value!;
      finish(itemChanges(view, logFields), of);
    },
    onMetric(view: MetricEdit) {
      const of = children.next().value!;
      points = list(dataOf(of)['dataPoints']).values();
      const type = typeOf(of);
      const changes: Change[] = [];
      const [temporality, isMonotonic, name] = [r.below(3), r.chance(50), r.pick(texts)];
      const text = r.pick(texts);
      if (type !== undefined && type !== 'gauge' && type !== 'summary' && r.chance(50)) {
        view.setTemporality(temporality);
        changes.push((metric) => (dataOf(metric)['aggregationTemporality'] = temporality));
      }
      if (type === 'sum' && r.chance(50)) {
        view.setMonotonic(isMonotonic);
        changes.push((metric) => (dataOf(metric)['isMonotonic'] = isMonotonic));
      }
      if (r.chance(40)) {
        view.setMetadata(new Map([['m', text]]));
        expect(view.metadata.toPlain()).toEqual({ m: text });
        changes.push((metric) => (metric['metadata'] = [{ key: 'm', value: { stringValue: text } }]));
      }
      if (r.chance(30)) {
        view.setName(name);
        changes.push((metric) => (metric['name'] = name));
      }
      const copies = isLate && r.chance(30);
      if (copies) view.append(view.message());
      // Points are edited after the copy was made.
      const original = copies ? structuredClone(of) : undefined;
      finish(changes, of);
      if (original === undefined) return;
      for (const change of changes) change(original);
      appended.push([of, scope, original]);
    },
    onDataPoint(view: DataPointView) {
      const of = points.next().value!;
      const hasCount = view.metric.type === 'histogram' || view.metric.type === 'exponentialHistogram' || view.metric.type === 'summary';
      const changes = itemChanges(view, hasCount ? histogramFields : pointFields);
      finish(changes, of);
    },
  };
  using batch = toBatch(signal, bytes);
  const result = walk([visitor], (_, error) => expect((error as Error).message).toBe('taken back')).run(batch)!;
  for (const [after, around, metric] of appended) {
    const metrics = list(around['metrics']);
    metrics.splice(metrics.indexOf(after) + 1, 0, metric);
  }
  expectAdmissible(signal, result.bytes, result.items);
  expectSame(withoutEmpty(meaning(signal, result.bytes, false)), withoutEmpty(meaning(signal, encode(signal, expected), false)));
  if (result !== batch) result.release();
}

describe('Random edits', () => {
  it.each(signals)('give what the same edits make of decoded requests: %s', (signal) => {
    for (let seed = 1; seed <= 120; seed++) expectSameEdits(signal, seed, false);
  });

  it.each(signals)('give the same in a visitor that edits upward: %s', (signal) => {
    for (let seed = 1; seed <= 120; seed++) expectSameEdits(signal, seed, true);
  });
});

const secret = Int32Array.of(1, 2, 3, 4);

function hashOf(attributes: AttributesView, place = 0): string {
  const into = new Int32Array(4);
  attributes.addHash128(secret, place, into);
  return into.join(' ');
}

describe('The 128-bit hash of attributes', () => {
  it('is that of the edited item read anew, does not depend on the order, and tells places apart', () => {
    const requests = new RandomRequest(new Random(7));
    for (let i = 0; i < 40; i++) {
      const editor = new Editor(i);
      const seen: string[] = [];
      const found: string[] = [];
      using batch = toBatch('traces', requests.large('traces'));
      const edit: Visitor = {
        onSpan({ attributes }) {
          editor.attributes(attributes);
          if (i % 2 === 0) attributes.setString(key('b'), 'y'.repeat(i * 10));
          seen.push(hashOf(attributes));
          if (attributes.size > 0) expect(hashOf(attributes, 1)).not.toBe(hashOf(attributes));
        },
      };
      const result = walk([edit], () => {}).run(batch)!;
      walk([{ onSpan: ({ attributes }) => void found.push(hashOf(attributes)) }], () => {}).run(result);
      expect(found).toEqual(seen);
      if (result !== batch) result.release();
    }
    const span = (...keys: string[]): Buffer =>
      Buffer.from(
        encode('traces', {
          resourceSpans: [{ scopeSpans: [{ spans: [{ attributes: keys.map((name) => ({ key: name, value: { stringValue: name } })) }] }] }],
        }),
      );
    const [one, other, third] = [span('a', 'b', 'c'), span('c', 'a', 'b'), span('a', 'b', 'd')].map((bytes) => {
      let hash = '';
      using batch = toBatch('traces', bytes);
      walk([{ onSpan: ({ attributes }) => void (hash = hashOf(attributes)) }], () => {}).run(batch);
      return hash;
    });
    expect(other).toBe(one);
    expect(third).not.toBe(one);
  });
});

describe('Very many attributes', () => {
  it('are found, set, deleted and taken back one by one', () => {
    const size = 3000;
    const attributes = Array.from({ length: size }, (_, i) => ({ key: `k${i % (size - 10)}`, value: { intValue: BigInt(i) } }));
    const bytes = Buffer.from(encode('traces', { resourceSpans: [{ scopeSpans: [{ spans: [{ attributes }, { attributes }] }] }] }));
    const model = new Map<string, bigint>();
    for (const { key: name, value } of attributes) if (!model.has(name)) model.set(name, value.intValue);
    let calls = 0;
    const visitor: Visitor = {
      onSpan({ attributes: edit }) {
        const isLost = calls++ === 0;
        const r = new Random(3);
        for (let i = 0; i < 8000; i++) {
          const name = `k${r.below(2 * size)}`;
          const at = new Key(name);
          if (!model.has(name)) expect(edit.has(at)).toBe(false);
          if (isLost) edit.setInt(at, -1);
          else if (r.chance(30) && Number(name.slice(1)) > 10) {
            expect(edit.delete(at)).toBe(model.delete(name));
          } else {
            edit.setInt(at, i);
            model.set(name, BigInt(i));
            expect(edit.bigint(at)).toBe(BigInt(i));
          }
        }
        if (isLost) throw new Error('taken back');
      },
    };
    // The second visitor reads each span after the first one's edits of it.
    const seen: (bigint | undefined)[][] = [];
    const reader: Visitor = {
      onSpan({ attributes: view }) {
        seen.push([0, 1, 2, 500, 1500, 2990, 2999].map((i) => view.bigint(new Key(`k${i}`))));
      },
    };
    using batch = toBatch('traces', bytes);
    using result = walk([visitor, reader], () => {}).run(batch)!;
    expect(seen[0]).toEqual([0n, 1n, 2n, 500n, 1500n, undefined, undefined]);
    expect(seen[1]).toEqual([0, 1, 2, 500, 1500, 2990, 2999].map((i) => model.get(`k${i}`)));
    const [, second] = spansOf(decode('traces', result.bytes));
    const written = new Map(
      list(second!['attributes']).flatMap((kv): [string, unknown][] =>
        Number(String(kv['key']).slice(1)) < 10 ? [] : [[String(kv['key']), (kv['value'] as PlainMessage)['intValue']]],
      ),
    );
    for (const [name, value] of model) if (Number(name.slice(1)) >= 10) expect(written.get(name)).toBe(value);
    expect(written.size).toBe([...model.keys()].filter((name) => Number(name.slice(1)) >= 10).length);
  });
});

/** An attribute that was written anew: with a value, of which only what the schema knows is kept. */
function rewritten({ value = {}, ...others }: PlainMessage): PlainMessage {
  const { $unknown: _, ...known } = value as PlainMessage;
  return { ...others, value: known };
}

function spansOf(request: PlainMessage): PlainMessage[] {
  return list(request['resourceSpans']).flatMap((group) => list(group['scopeSpans']).flatMap((scope) => list(scope['spans'])));
}

describe('Items copied under another resource', () => {
  it.each(signals)('keep their scope, metric and content: %s', (signal) => {
    const moved = [key('a'), key('ключ')];
    const requests = new RandomRequest(new Random(17));
    const [groupName, scopeName, childName] = names[signal];
    const rows = (request: PlainMessage, withMoved: boolean): string[] =>
      list(request[groupName]).flatMap((group) =>
        list(group[scopeName]).flatMap((scope) =>
          list(scope[childName]).flatMap((child) => {
            const items = signal === 'metrics' ? list(dataOf(child)['dataPoints']) : [child];
            return items.map((one) => {
              const resource = (group['resource'] ?? {}) as PlainMessage;
              const own = list(one['attributes']).filter((kv) => moved.some(({ text }) => text === (kv['key'] ?? '')));
              const kept = list(resource['attributes']).filter((kv) => !withMoved || own.every((each) => each['key'] !== kv['key']));
              const header = [...kept, ...(withMoved ? own : [])].map((kv) => text(rewritten(kv))).toSorted();
              const metric = signal === 'metrics' ? { ...child, [typeOf(child)!]: { ...dataOf(child), dataPoints: [] } } : undefined;
              return text([header, scope['scope'] ?? {}, metric, one]);
            });
          }),
        ),
      );
    const text = (value: unknown): string =>
      JSON.stringify(value, (_, each: unknown) =>
        typeof each === 'bigint'
          ? `${each}n`
          : each instanceof Uint8Array
            ? Buffer.from(each).toString('hex')
            : typeof each === 'object' && each !== null && !Array.isArray(each)
              ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
              : Object.is(each, -0)
                ? '-0'
                : typeof each === 'number' && !Number.isFinite(each)
                  ? String(each)
                  : each,
      );
    let items = 0;
    for (let i = 0; i < 40; i++) {
      const bytes = requests.bytes(signal);
      using builder = new BatchBuilder(signal, pool);
      const copy = (item: SpanView | LogView): void => builder.resourceWith(item.resource, item, moved).scopeLike(item.scope).copy(item);
      using batch = toBatch(signal, bytes);
      walk(
        [
          {
            onSpan: copy,
            onLog: copy,
            onDataPoint: (point) => builder.resourceWith(point.resource, point, moved).scopeLike(point.scope).metricLike(point).copy(point),
          },
        ],
        (_, error) => {
          throw error;
        },
      ).run(batch);
      const result = builder.finish();
      const expected = rows(decode(signal, bytes), true).toSorted();
      items += expected.length;
      expect(result === undefined ? [] : rows(decode(signal, result.bytes), false).toSorted()).toEqual(expected);
      if (result !== undefined) expectAdmissible(signal, result.bytes, result.items);
      result?.release();
    }
    expect(items).toBeGreaterThan(20);
  });
});
