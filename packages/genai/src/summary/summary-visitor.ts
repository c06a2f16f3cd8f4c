import type { ByteRange, LogView, SpanView, Verdict, Visitor } from '@millrace/wire';
import { AgentUsage } from '../agent-usage.ts';
import { CallReader } from '../call-reader.ts';
import type { Call } from '../call.ts';
import type { PriceList } from '../prices/price-list.ts';
import { addedCost } from './added-cost.ts';
import type { SummaryCost } from './call-sums.ts';
import type { UsageSummary } from './usage-summary.ts';

interface Held {
  readonly call: Call;
  readonly cost: SummaryCost;
  readonly unixMs: number;
}

/** About what a held run takes. */
const heldBytes = 1500;

/**
 * Feeds a summary with the calls, cache look-ups and judgements of traces and logs. A cost that processor `genai` wrote counts; other calls are
 * priced. What an agent used counts where its calls say nothing, `waitMs` of event time later. Only numbers, and names of models, users and the
 * like, are read: no content.
 */
export class SummaryVisitor implements Visitor {
  readonly #summary: UsageSummary;
  readonly #prices: PriceList;
  readonly #reader = new CallReader();
  readonly #agents: AgentUsage<Held>;

  constructor(summary: UsageSummary, prices: PriceList, waitMs: number) {
    this.#summary = summary;
    this.#prices = prices;
    this.#agents = new AgentUsage<Held>({
      waitMs,
      decide: (outcome, { call, cost, unixMs }) => {
        if (outcome === 'counted') summary.recordUsage(call, cost, unixMs);
      },
    });
  }

  /** Decides about the agents that still wait: nothing more will come. */
  settle(): void {
    this.#agents.settle();
  }

  onSpan(span: SpanView): Verdict {
    const call = this.#reader.readSpan(span);
    if (call.level === 'none') return;
    const unixMs = this.#summary.timeOf(Number(span.endTimeUnixNano / 1_000_000n));
    // Without its beginning it would seem to have begun in 1970.
    const begin = Number(span.startTimeUnixNano / 1_000_000n);
    const startMs = begin === 0 ? unixMs : begin;
    const at = { unixMs, durationMs: begin === 0 ? Number.NaN : span.durationNanos / 1e6 };
    if (call.cacheResult !== '') this.#summary.recordCache(call.cacheTier || 'cache', call.cacheResult === 'hit', at);
    if (call.billed) {
      this.#summary.record(call, addedCost(span.attributes) ?? this.#prices.price(call, startMs), at);
      if (call.usage.known) this.#agents.call(idOf(span.traceId()), unixMs);
      else this.#agents.advance(unixMs);
      return;
    }
    this.#agents.advance(unixMs);
    this.#judge(call, unixMs);
    if ((call.level !== 'agent' && call.level !== 'workflow') || !call.usage.known) return;
    const run = { trace: idOf(span.traceId()), span: idOf(span.spanId()), parent: idOf(span.parentSpanId()), startMs, endMs: unixMs };
    const { status, currency, estimated, actual, amount, savings } = addedCost(span.attributes) ?? this.#prices.price(call, startMs);
    const cost = { status, currency, estimated, actual, amount, savings: { ...savings } };
    this.#agents.hold(run, { call: call.copy(), cost, unixMs }, heldBytes);
  }

  onLog(log: LogView): Verdict {
    const call = this.#reader.readLog(log);
    const unixMs = this.#summary.timeOf(Number((log.timeUnixNano || log.observedTimeUnixNano) / 1_000_000n));
    if (call.level === 'evaluation') this.#judge(call, unixMs);
    else if (call.billed) {
      const cost = addedCost(log.attributes) ?? this.#prices.price(call, unixMs);
      this.#summary.record(call, cost, { unixMs, durationMs: Number.NaN });
    }
  }

  #judge(call: Call, unixMs: number): void {
    if (!Number.isNaN(call.qualityScore)) this.#summary.recordQuality(call.model, call.qualityScore, unixMs);
  }
}

function idOf({ buffer, start, end }: ByteRange): string {
  return buffer.latin1Slice(start, end);
}
