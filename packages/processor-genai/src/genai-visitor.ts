import type { Context, ProcessorVisitor } from '@millrace/api';
import { CallReader, estimateUsage, PriceList } from '@millrace/genai';
import type { Call } from '@millrace/genai';
import type { AttributesEdit, LogView, SpanView } from '@millrace/wire';
import { addCost, addUsage, mirrorCost } from './additions.ts';
import type { GenaiConfig } from './config.ts';
import { ContentRules } from './content.ts';
import { normalizedKeys, Normalizer } from './normalizer.ts';
import { OwnMetrics } from './own-metrics.ts';
import { spanName } from './span-name.ts';

const nanosPerMs = 1_000_000n;

/** Reads each span and log record; writes what it found into those that are operations of generative AI. The others stay as they are. */
export class GenaiVisitor implements ProcessorVisitor {
  readonly #config: GenaiConfig;
  readonly #context: Context;
  readonly #reader = new CallReader(normalizedKeys);
  readonly #normalizer: Normalizer | undefined;
  readonly #content: ContentRules;
  readonly #metrics: OwnMetrics;
  #prices: PriceList | undefined;

  constructor(config: GenaiConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    const { emit, remove_originals: removesOriginals, content } = config;
    if (emit !== 'keep') {
      const keepsContent = content.policy !== 'drop';
      this.#normalizer = new Normalizer({ emit, removesOriginals, keepsContent }, this.#reader.noted);
    }
    this.#content = new ContentRules(content);
    this.#metrics = new OwnMetrics(context, () => this.#prices, this.#content);
  }

  /** Rejects when the prices cannot be read. */
  async start(): Promise<void> {
    const { logger } = this.#context;
    this.#prices = await PriceList.load({
      ...this.#config.prices,
      onReload: (problem) => {
        if (problem === undefined) logger.info('Read the prices again');
        else logger.warn('Cannot read the prices; the old ones stay', { error: problem.message });
      },
    });
  }

  shutdown(): void {
    this.#prices?.close();
  }

  onSpan(span: SpanView): void {
    const call = this.#reader.readSpan(span);
    if (call.level === 'none') return;
    const { attributes } = span;
    this.#work(attributes, call, Number((span.startTimeUnixNano || span.endTimeUnixNano) / nanosPerMs), false);
    if (this.#config.rename_spans) {
      const name = spanName(attributes, call);
      if (name !== '' && name !== span.name) span.setName(name);
    }
    if (this.#content.isActive) this.#content.applyToSpan(span);
  }

  onLog(log: LogView): void {
    const call = this.#reader.readLog(log);
    const isOperation = call.level !== 'none';
    if (isOperation) {
      const time = log.timeUnixNano === 0n ? log.observedTimeUnixNano : log.timeUnixNano;
      this.#work(log.attributes, call, Number(time / nanosPerMs), true);
    }
    if (this.#content.isActive) this.#content.applyToLog(log, isOperation);
  }

  #work(attributes: AttributesEdit, call: Call, unixMs: number, isLog: boolean): void {
    if (this.#config.usage.estimate && call.usageMissing && estimateUsage(call)) call.usage.known = true;
    this.#metrics.count(call);
    this.#normalizer?.apply(attributes, call, isLog);
    addUsage(attributes, call);
    if (!call.billed || this.#prices === undefined) return;
    const cost = this.#prices.price(call, unixMs);
    addCost(attributes, cost);
    if (this.#config.cost.mirror === 'draft') mirrorCost(attributes, cost);
  }
}
