import { describe, expect, it } from '@jest/globals';
import { key, walk } from '@millrace/wire';
import type {
  AttributesEdit,
  DataPointView,
  ItemView,
  LogView,
  MetricEdit,
  MetricView,
  PointWriter,
  ResourceEdit,
  ResourceView,
  ScopeEdit,
  SpanView,
  Verdict,
  Visitor,
} from '@millrace/wire';
import { countItems, expectSame } from './meaning.ts';
import type { TestSignal } from './meaning.ts';
import { Random, RandomRequest, expectAdmissible, keyTexts, pool, texts, toBatch } from './walk-harness.ts';

const chains = Number(process.env['WALK_CHAINS'] ?? 350);
const keys = keyTexts.map(key);

/** What a random visitor does; equal rules behave equally. */
interface Rule {
  readonly seed: number;
  readonly hooks: readonly string[];
  readonly acts: readonly number[];
  readonly throwsAt: number;
}

function randomRule(r: Random): Rule {
  const all = ['resource', 'scope', 'metric', 'item', 'item', 'metricEnd', 'resourceEnd', 'batchEnd'];
  return {
    seed: r.below(1e9),
    hooks: all.filter(() => r.chance(55)),
    acts: Array.from({ length: 4 }, () => r.below(12)),
    throwsAt: r.chance(15) ? 1 + r.below(5) : -1,
  };
}

/** A visitor whose every decision depends on what it saw so far: a difference anywhere shows in `log` or in the bytes. */
class RuleVisitor implements Visitor {
  readonly log: (string | number | bigint | undefined)[] = [];
  declare readonly onResource?: (r: ResourceEdit) => Verdict;
  declare readonly onScope?: (s: ScopeEdit) => Verdict;
  declare readonly onMetric?: (m: MetricEdit) => Verdict;
  declare readonly onSpan?: (s: SpanView) => Verdict;
  declare readonly onLog?: (l: LogView) => Verdict;
  declare readonly onDataPoint?: (p: DataPointView) => Verdict;
  declare readonly onMetricEnd?: (m: MetricView, append: PointWriter) => void;
  declare readonly onResourceEnd?: (r: ResourceView, reached: number) => void;
  declare readonly onBatchEnd?: (reached: number) => void;
  readonly #rule: Rule;
  readonly #r: Random;
  readonly #hash = new Uint32Array(2);
  #calls = 0;

  constructor(rule: Rule) {
    this.#rule = rule;
    this.#r = new Random(rule.seed);
    const has = (name: string): boolean => rule.hooks.includes(name);
    const own = this as { -readonly [K in keyof Visitor]: Visitor[K] };
    if (has('resource')) own.onResource = (r) => this.#resource(r);
    if (has('scope')) own.onScope = (s) => this.#scope(s);
    if (has('metric')) own.onMetric = (m) => this.#metric(m);
    if (has('item')) {
      own.onSpan = (s) => this.#span(s);
      own.onLog = (l) => this.#log(l);
      own.onDataPoint = (p) => this.#point(p);
    }
    if (has('metricEnd')) own.onMetricEnd = (m, append) => this.#metricEnd(m, append);
    if (has('resourceEnd')) own.onResourceEnd = (r, reached) => void this.log.push('end', reached, r.attributes.string(keys[0]!));
    if (has('batchEnd')) own.onBatchEnd = (reached) => void this.log.push('batch', reached);
  }

  #edit(a: AttributesEdit): void {
    const r = this.#r;
    for (let n = r.below(3); n > 0; n--) {
      const k = r.pick(keys);
      switch (r.below(9)) {
        case 0:
          this.log.push(Number(a.delete(k)));
          break;
        case 1:
          a.setInt(k, r.pick([0, 5, -1, 2 ** 40, 2n ** 63n - 1n]));
          break;
        case 2:
          a.setPlain(k, r.pick([[1n, 'two', { three: 3 }], undefined, { a: [true] }, Uint8Array.of(1, 2), 0.5]));
          break;
        case 3:
          a.setBoolean(k, r.chance(50));
          break;
        case 4: {
          const slot = a.first();
          if (slot >= 0) a.setStringAt(slot, r.pick(keys));
          break;
        }
        case 5: {
          let slot = a.first();
          if (slot >= 0 && r.chance(50)) slot = a.next(slot);
          if (slot >= 0) a.deleteAt(slot);
          break;
        }
        case 6:
          a.setDouble(k, 2.5);
          break;
        default:
          a.setString(k, r.pick(texts));
      }
    }
  }

  #read(a: ItemView['attributes']): void {
    const k = this.#r.pick(keys);
    this.log.push(a.size, a.string(k), a.number(k), a.bigint(k), Number(a.equals(k, keys[1]!)));
    a.hash64(this.#hash);
    this.log.push(this.#hash[0], this.#hash[1]);
    for (let slot = a.first(); slot >= 0; slot = a.next(slot)) this.log.push(a.keyAt(slot), a.typeAt(slot));
  }

  /** Throws at the chosen call, after edits. */
  #end(verdict: Verdict): Verdict {
    if (++this.#calls === this.#rule.throwsAt) throw new Error('as agreed');
    return verdict;
  }

  #container(): Verdict {
    const r = this.#r;
    if (r.chance(8)) return 'drop';
    return r.chance(8) ? 'skip' : undefined;
  }

  #resource(resource: ResourceEdit): Verdict {
    this.log.push(
      'resource',
      resource.schemaUrl,
      resource.attributes.string(keys[0]!),
      resource.entityRefs.size,
      resource.droppedAttributesCount,
    );
    if (this.#rule.acts[0]! < 7) this.#edit(resource.attributes);
    if (this.#rule.acts[0]! % 4 === 1) resource.addSchemaUrl(this.#r.pick(keys));
    return this.#end(this.#container());
  }

  #scope(scope: ScopeEdit): Verdict {
    this.log.push('scope', scope.name, scope.version, scope.schemaUrl, scope.resource.attributes.string(keys[0]!), scope.attributes.size);
    if (this.#rule.acts[1]! < 6) this.#edit(scope.attributes);
    if (this.#rule.acts[1]! % 3 === 1) scope.setName(this.#r.pick(texts));
    if (this.#rule.acts[1]! % 4 === 1) scope.setVersion(this.#r.pick(texts));
    return this.#end(this.#container());
  }

  #metric(metric: MetricEdit): Verdict {
    this.log.push(
      'metric',
      metric.name,
      metric.unit,
      metric.description,
      metric.type,
      metric.temporality,
      metric.scope.name,
      metric.metadata.size,
    );
    if (this.#rule.acts[2]! % 3 === 1) metric.setName(this.#r.pick(texts));
    if (this.#rule.acts[2]! % 3 === 2) metric.setUnit(this.#r.pick(texts));
    if (this.#rule.acts[2]! % 4 === 1) metric.setDescription(this.#r.pick(texts));
    return this.#end(this.#container());
  }

  #item(item: ItemView): Verdict {
    const act = this.#rule.acts[3]!;
    this.log.push(item.resource.attributes.string(keys[0]!), item.resource.attributes.size, item.scope.name, item.scope.version);
    if (act % 3 !== 0) this.#read(item.attributes);
    if (act % 2 === 0) this.#edit(item.attributes);
    if (act === 5) {
      const { start, end } = item.range();
      this.log.push(end - start);
      this.#edit(item.attributes);
    }
    return this.#end(this.#r.chance(act === 7 ? 80 : 10) ? 'drop' : undefined);
  }

  #span(span: SpanView): Verdict {
    const r = this.#r;
    this.log.push(span.name, span.statusCode, span.statusMessage, span.traceState, span.durationNanos, span.events.size, span.links.size);
    if (r.chance(20)) span.setName(r.pick(texts));
    if (r.chance(10)) span.setTraceState(r.pick(texts));
    if (r.chance(15)) span.setStatus(r.below(3), r.chance(50) ? r.pick(texts) : undefined);
    for (const list of [span.events, span.links]) {
      for (let i = 0; i < list.size; i++) {
        if (r.chance(15)) list.drop(i);
        if (r.chance(25)) this.#edit(list.at(i).attributes);
        this.log.push(list.at(i).attributes.size, Number(list.isDropped(i)), list.at(i).droppedAttributesCount);
      }
    }
    if (span.events.size > 0 && r.chance(20)) {
      span.events.at(0).setName(r.pick(texts));
      if (r.chance(50)) this.log.push(span.range().end - span.range().start);
      span.events.at(0).attributes.setString(keys[2]!, 'again');
    }
    return this.#item(span);
  }

  #log(log: LogView): Verdict {
    const r = this.#r;
    this.log.push(log.body.type, log.body.string(), log.body.size, log.severityNumber, log.severityText, log.eventName);
    if (r.chance(20)) log.setBody(r.pick(['text', { a: 1n }, undefined, [1, 2], 7n]));
    if (r.chance(20)) log.setSeverity(r.below(25), r.chance(50) ? r.pick(texts) : undefined);
    return this.#item(log);
  }

  #point(point: DataPointView): Verdict {
    const r = this.#r;
    this.log.push(
      point.metric.name,
      point.metric.unit,
      point.number,
      point.int,
      Number(point.isInt),
      point.exemplars.size,
      point.count,
      point.sum,
    );
    if (point.metric.type === 'sum' && r.chance(20)) point.setInt(BigInt(r.below(9)));
    if (point.metric.type === 'sum' && r.chance(20)) point.setDouble(r.below(9));
    for (let i = 0; i < point.exemplars.size; i++) {
      if (r.chance(15)) point.exemplars.drop(i);
      if (r.chance(25)) this.#edit(point.exemplars.at(i).attributes);
      this.log.push(point.exemplars.at(i).number, point.exemplars.at(i).attributes.size);
    }
    return this.#item(point);
  }

  #metricEnd(metric: MetricView, append: PointWriter): void {
    const r = this.#r;
    this.log.push('metric end', metric.name);
    for (let n = ['sum', 'gauge', 'histogram'].includes(metric.type) ? r.below(3) : 0; n > 0; n--) {
      append.begin();
      append.time(1n, BigInt(r.below(100)));
      if (metric.type === 'sum' || metric.type === 'gauge') append.int(BigInt(r.below(100)));
      else if (metric.type === 'histogram') {
        append.histogram({ count: 1n, sum: 2, counts: BigUint64Array.of(1n, 0n), bounds: Float64Array.of(1) });
      }
      append.attribute(r.pick(keys), r.pick(texts));
      append.end();
    }
    this.#end(undefined);
  }
}

interface Outcome {
  readonly bytes: Buffer | undefined;
  readonly items: number;
  readonly logs: unknown[];
  readonly reports: number[];
  readonly counters: number[];
}

function fused(signal: TestSignal, bytes: Buffer, items: number, rules: readonly Rule[]): Outcome {
  using batch = toBatch(signal, bytes, items);
  const visitors = rules.map((rule) => new RuleVisitor(rule));
  const reports = rules.map(() => 0);
  const group = walk(visitors, (visitor, error) => {
    expect(error).toEqual(new Error('as agreed'));
    reports[visitor]!++;
  });
  const result = group.run(batch);
  const copy = result === undefined ? undefined : Buffer.from(result.bytes);
  const left = result?.items ?? 0;
  if (result !== batch) result?.release();
  return { bytes: copy, items: left, logs: visitors.map((v) => v.log), reports, counters: [...group.counters] };
}

function oneByOne(signal: TestSignal, bytes: Buffer, items: number, rules: readonly Rule[]): Outcome {
  const total = { bytes: bytes as Buffer | undefined, items, logs: [] as unknown[], reports: [] as number[], counters: [] as number[] };
  for (const rule of rules) {
    const one = total.bytes === undefined ? undefined : fused(signal, total.bytes, total.items, [rule]);
    total.bytes = one?.bytes;
    total.items = one?.items ?? 0;
    total.logs.push(one?.logs[0] ?? []);
    total.reports.push(one?.reports[0] ?? 0);
    total.counters.push(...(one?.counters ?? [0, 0, 0]));
  }
  return total;
}

describe('visitors in one walk', () => {
  it.each<TestSignal>(['traces', 'logs', 'metrics'])('equal the same visitors one after the other, bytes and state: %s', (signal) => {
    const random = new Random(signal.length * 1000 + 7);
    const requests = new RandomRequest(random);
    const accountedBefore = pool.ledger.accounted;
    const seen = { changed: 0, emptied: 0, reports: 0, created: 0 };
    for (let chain = 0; chain < chains; chain++) {
      const bytes = requests.bytes(signal);
      const rules = Array.from({ length: 1 + random.below(6) }, () => randomRule(random));
      const items = countItems(signal, bytes);
      const together = fused(signal, bytes, items, rules);
      const apart = oneByOne(signal, bytes, items, rules);
      try {
        expect(together.bytes?.toString('hex')).toBe(apart.bytes?.toString('hex'));
        expectSame(together, apart);
        if (together.bytes !== undefined) expectAdmissible(signal, together.bytes, together.items);
      } catch (error) {
        throw new Error(`chain ${chain}: ${JSON.stringify(rules)}`, { cause: error });
      }
      if (together.bytes === undefined) seen.emptied++;
      else if (!together.bytes.equals(bytes)) seen.changed++;
      seen.reports += together.reports.reduce((sum, n) => sum + n, 0);
      seen.created += together.counters.reduce((sum, n, i) => sum + (i % 3 === 2 ? n : 0), 0);
    }
    expect(pool.ledger.accounted).toBe(accountedBefore);
    expect(seen.changed).toBeGreaterThan(chains / 3);
    expect(seen.emptied).toBeGreaterThan(0);
    expect(seen.reports).toBeGreaterThan(0);
    expect(seen.created > 0).toBe(signal === 'metrics');
  });
});
