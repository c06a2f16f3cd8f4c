import { key } from '@millrace/api';
import type { LogView, ResourceView, SpanView, Verdict, Visitor } from '@millrace/api';
import { AgentUsage, CallReader } from '@millrace/genai';
import type { AgentRun, Call, PriceList, Usage } from '@millrace/genai';
import type { EventClock, LabelValue } from '@millrace/instruments';
import type { ByteRange, ItemView } from '@millrace/wire';
import type { CallSeries } from './call-series.ts';
import { labelValue } from './item-labels.ts';
import type { ItemLabels } from './item-labels.ts';
import { countEvent } from './log-events.ts';
import type { ResourceMetrics } from './resource-metrics.ts';
import { OwnAttributes, ownKeys } from './own-attributes.ts';
import { countSpanFacts } from './span-facts.ts';
import { Spending } from './spending.ts';

const serverKind = 2;
const eventName = key('event.name');
const agentName = key('gen_ai.agent.name');
const workflowName = key('gen_ai.workflow.name');
const toolName = key('gen_ai.tool.name');
const toolType = key('gen_ai.tool.type');
/** Ten years. */
const longestSeconds = 315_576_000;
/** About the bytes of what is held of a run. */
const heldBytes = 600;

/** What a run of an agent stated. */
interface Held {
  readonly resource: ResourceMetrics;
  readonly series: CallSeries;
  readonly usage: Usage;
  readonly spending: Spending;
}

interface Run extends AgentRun {
  readonly resource: ResourceMetrics;
}

/** What a visitor needs of its connector. */
export interface VisitorOptions {
  readonly labels: ItemLabels;
  readonly waitMs: number;
  readonly eventClock: EventClock;
  /** The metrics of a resource, and that there is something new to report. */
  resourceOf(resource: ResourceView): ResourceMetrics;
}

/** Counts the operations with generative AI of the spans and log records that it is shown. */
export class GenaiVisitor implements Visitor {
  /** Known once it is loaded. */
  prices: PriceList | undefined;
  readonly agents: AgentUsage<Held>;
  readonly #options: VisitorOptions;
  readonly #labels: ItemLabels;
  readonly #reader = new CallReader(ownKeys);
  readonly #own = new OwnAttributes(this.#reader.noted);
  readonly #spending = new Spending();
  #resource: ResourceMetrics | undefined;
  #nowMs = 0;
  #item!: ItemView;
  #call!: Call;
  readonly #labelsOf = (): Map<string, LabelValue | undefined> => this.#labels.of(this.#call, this.#item);
  readonly #extraOf = (): Map<string, LabelValue | undefined> => this.#labels.extra(this.#item, this.#call.user);

  constructor(options: VisitorOptions) {
    this.#options = options;
    this.#labels = options.labels;
    this.agents = new AgentUsage<Held>({
      waitMs: options.waitMs,
      decide: (outcome, held) => {
        countRun(held.resource, outcome);
        if (outcome !== 'counted') return;
        held.series.recordUsage(held.usage);
        held.series.recordSpending(held.spending);
      },
      late: (run) => countRun((run as Run).resource, 'late'),
    });
  }

  /** Begins a batch. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  onResource(): void {
    this.#resource = undefined;
  }

  onSpan(span: SpanView): Verdict {
    const call = this.#reader.readSpan(span);
    if (call.level === 'none') return;
    const resource = this.#begin(span, call);
    const seconds = secondsOf(span);
    const endMs = this.#timeOf(span.endTimeUnixNano);
    if (call.billed) {
      const series = this.#count(span, call, endMs, seconds, span.kind === serverKind);
      this.#spend(series, span, call, startOf(endMs, seconds));
      if (this.#own.hasFacts) countSpanFacts(this.#own, call, seconds, resource, this.#labelsOf);
      if (call.usage.known) this.agents.call(traceOf(span), endMs);
      else this.agents.advance(endMs);
      return;
    }
    this.agents.advance(endMs);
    if (call.errorType !== '') resource.metrics.counter('millrace.errors', this.#labelsOf()).add(1);
    if (call.level === 'agent' || call.level === 'workflow') this.#runOf(span, call, endMs, seconds);
    else if (call.level === 'tool') this.#measureTool(span, seconds);
    else if (call.level === 'cache') this.#countLookUp(call, endMs, seconds);
    else if (call.level === 'evaluation') this.#judge(call, endMs);
    else resource.measure('gen_ai.client.operation.duration', this.#labelsOf(), seconds);
  }

  onLog(log: LogView): Verdict {
    const call = this.#reader.readLog(log);
    const timeMs = this.#timeOf(log.timeUnixNano || log.observedTimeUnixNano);
    if (call.level === 'none') {
      const name = log.eventName || (log.attributes.string(eventName) ?? '');
      if (name.startsWith('millrace.')) countEvent(name, log.attributes, timeMs, this.#begin(log, call), this.#extraOf);
      return;
    }
    this.#begin(log, call);
    if (call.level === 'evaluation') this.#judge(call, timeMs);
    else if (call.billed) this.#spend(this.#count(log, call, timeMs, Number.NaN, false), log, call, timeMs);
    this.agents.advance(timeMs);
  }

  #begin(item: ItemView, call: Call): ResourceMetrics {
    this.#item = item;
    this.#call = call;
    return (this.#resource ??= this.#options.resourceOf(item.resource));
  }

  /** A clock that is ahead must not make everything else late. */
  #timeOf(nanos: bigint): number {
    return this.#options.eventClock.see(Number(nanos) / 1e6, this.#nowMs);
  }

  #seriesOf(item: ItemView, call: Call, isServer: boolean): CallSeries {
    return this.#resource!.callSeries(this.#labels.valuesOf(call, item, isServer), call, isServer, this.#labelsOf);
  }

  #count(item: ItemView, call: Call, endMs: number, seconds: number, isServer: boolean): CallSeries {
    const series = this.#seriesOf(item, call, isServer);
    series.record(call, endMs, seconds);
    if (!Number.isNaN(call.qualityScore)) this.#judge(call, endMs);
    return series;
  }

  /** What was spent on an operation: what is written on it, or else what the price list says. */
  #read(item: ItemView, call: Call, startMs: number): Spending {
    const spending = this.#spending;
    this.#own.bind(item.attributes);
    if (!spending.read(this.#own)) {
      if (this.prices === undefined) spending.clear();
      else spending.take(this.prices.price(call, startMs));
    }
    return spending;
  }

  #spend(series: CallSeries, item: ItemView, call: Call, startMs: number): void {
    series.recordSpending(this.#read(item, call, startMs));
  }

  #judge(call: Call, timeMs: number): void {
    const { qualityScore } = call;
    if (Number.isNaN(qualityScore)) return;
    const labels = this.#labelsOf().set('gen_ai.evaluation.name', call.evaluation);
    const resource = this.#resource!;
    resource.metrics.histogram('millrace.evaluation.score', labels).record(qualityScore);
    resource.mean('millrace.quality.score', labels)(timeMs, qualityScore);
  }

  /** A look into the application's cache that is a span of its own. */
  #countLookUp(call: Call, endMs: number, seconds: number): void {
    const isHit = call.cacheResult === 'hit';
    const labels = this.#labelsOf().set('millrace.cache.operation', 'get').set('millrace.cache.result', call.cacheResult);
    const { metrics } = this.#resource!;
    metrics.counter(isHit ? 'millrace.cache.hits' : 'millrace.cache.misses', labels).add(1);
    if (seconds >= 0) metrics.histogram('millrace.cache.operation.duration', labels).record(seconds);
    this.#resource!.mean('millrace.cache.hit_rate', labels)(endMs, isHit ? 1 : 0);
  }

  #measureTool(span: SpanView, seconds: number): void {
    const labels = this.#labelsOf();
    labels.set('gen_ai.tool.name', labelValue(span.attributes, toolName));
    labels.set('gen_ai.tool.type', labelValue(span.attributes, toolType));
    this.#resource!.measure('gen_ai.execute_tool.duration', labels, seconds);
  }

  #runOf(span: SpanView, call: Call, endMs: number, seconds: number): void {
    const resource = this.#resource!;
    const labels = this.#labelsOf();
    const isAgent = call.level === 'agent';
    if (isAgent) labels.set('gen_ai.agent.name', labelValue(span.attributes, agentName));
    else labels.set('gen_ai.workflow.name', labelValue(span.attributes, workflowName));
    resource.measure(isAgent ? 'gen_ai.invoke_agent.duration' : 'gen_ai.invoke_workflow.duration', labels, seconds);
    if (!call.usage.known) return;
    const startMs = startOf(endMs, seconds);
    const held = {
      resource,
      series: this.#seriesOf(span, call, false),
      usage: call.usage.copy(),
      spending: this.#read(span, call, startMs).copy(),
    };
    const run = { trace: traceOf(span), span: idOf(span.spanId()), parent: idOf(span.parentSpanId()), startMs, endMs, resource };
    this.agents.hold(run, held, heldBytes);
  }
}

function countRun(resource: ResourceMetrics, outcome: string): void {
  resource.isPending = true;
  resource.metrics.counter('millrace.usage.agent', new Map([['millrace.usage.outcome', outcome]])).add(1);
}

/** How long a span took; NaN when it does not say: without its beginning it would seem to have begun in 1970. */
function secondsOf(span: SpanView): number {
  const seconds = span.durationNanos / 1e9;
  return seconds < longestSeconds ? Math.max(0, seconds) : Number.NaN;
}

function startOf(endMs: number, seconds: number): number {
  return seconds > 0 ? endMs - seconds * 1e3 : endMs;
}

function traceOf(span: SpanView): string {
  return idOf(span.traceId());
}

function idOf({ buffer, start, end }: ByteRange): string {
  return buffer.latin1Slice(start, end);
}
