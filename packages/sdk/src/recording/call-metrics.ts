import { isRateLimit, moneyToNumber, tokenIndex, tokenKinds } from '@millrace/genai';
import type { Call, Moment, Money, SummaryCost } from '@millrace/genai';
import { EventClock, RollingMean } from '@millrace/instruments';
import type { KeptDistribution, KeptSum, LabelValue, Registry } from '@millrace/instruments';
import { CallSeriesIndex } from './call-series.ts';
import type { CallSeries } from './call-series.ts';
import type { RollingWindow, RowInstruments, Rows } from './rows.ts';

/** `text` and `unknown`: what is in none of the others, where there are others and where there are none. */
const modalities = ['audio', 'image', 'video', 'text', 'unknown'] as const;
const [text, unknown] = [3, 4];
/** Where the tokens of the first three modalities are in a usage, and those of the cache that have any. */
const modalityPlaces = (['audio', 'image', 'video'] as const).map((modality) => ({
  fresh: tokenIndex[`input_${modality}`],
  read: tokenIndex[`cache_read_${modality}`],
  made: tokenIndex[`output_${modality}`],
}));
/** Counters of usage by modality. */
const usageNames = [
  'input_tokens',
  'output_tokens',
  'cache_read.input_tokens',
  'cache_write.input_tokens',
  'reasoning.output_tokens',
] as const;
const [inputTokens, outputTokens, cacheRead, cacheWrite, reasoning] = [0, 1, 2, 3, 4];

/** Records calls of models in the metrics of the list, of both generations of the conventions and ours. */
export class CallMetrics {
  readonly #registry: Registry;
  readonly #successRate: RollingMean;
  readonly #quality: RollingMean;
  readonly #rows: Rows;
  readonly #series = new CallSeriesIndex();

  constructor(registry: Registry, rows: Rows, { windowMs, limit }: RollingWindow) {
    this.#registry = registry;
    this.#rows = rows;
    const clock = new EventClock(() => registry.now());
    this.#successRate = new RollingMean(windowMs, limit, clock, rows.get('gauge', 'millrace.request.success_rate'));
    this.#quality = new RollingMean(windowMs, limit, clock, rows.get('gauge', 'millrace.quality.score'));
    registry.observe(() => {
      this.#series.clear();
      this.#successRate.show();
      this.#quality.show();
    });
  }

  #counter(name: string): RowInstruments['counter'] {
    return this.#rows.get('counter', name);
  }

  #histogram(name: string): RowInstruments['histogram'] {
    return this.#rows.get('histogram', name);
  }

  /** A call that is billed, with its cost; `nowMs` is when it was told. The objects may be reused. */
  record(call: Call, cost: SummaryCost & { readonly driftPercent?: number }, { unixMs, durationMs }: Moment, nowMs: number): void {
    const { provider, model, operation, errorType, usage, cacheTier } = call;
    const seconds = durationMs / 1000;
    const tier = call.batch ? 'batch' : call.serviceTier;
    const series = this.#series.find(call, tier, cost.currency);
    (series.requests ??= this.#counter('millrace.requests').seriesOf(
      operation,
      provider,
      model,
      call.task,
      cacheTier,
      call.serverAddress,
      errorType,
    )).add(1);
    if (seconds >= 0) {
      (series.duration ??= this.#histogram('millrace.request.duration').seriesOf(operation, provider, model, cacheTier, errorType)).record(
        seconds,
      );
    }
    this.#successRate.add((series.successRate ??= this.#successRate.of([provider, model])), errorType === '' ? 1 : 0, unixMs, nowMs);
    if (errorType !== '') this.#failed(call);
    if (call.timeToFirstChunk >= 0) {
      const histogram = (series.timeToFirstToken ??= this.#histogram('millrace.request.time_to_first_token').seriesOf(
        operation,
        provider,
        model,
      ));
      histogram.record(call.timeToFirstChunk);
    }
    if (call.usageMissing) this.#counter('millrace.usage.missing').seriesOf(provider, model).add(1);
    if (usage.estimated) this.#counter('millrace.usage.estimated').seriesOf(provider, model).add(1);
    this.#cost(call, cost, tier, series);
    // What the application's cache answered used no tokens and was no call of a vendor.
    if (call.cacheResult !== 'hit') {
      const { inputTokens: input, outputTokens: output } = usage;
      if (usage.known) this.#tokens(call, series, input, output, seconds);
      this.#standard(call, series, input, output, seconds);
    }
    if (!Number.isNaN(call.qualityScore)) this.rate(provider, model, call.evaluation, call.qualityScore, unixMs, nowMs);
  }

  /** A judgement of an answer. */
  rate(provider: string, model: string, evaluation: string, score: number, unixMs: number, nowMs: number = this.#registry.now()): void {
    this.#histogram('millrace.evaluation.score').seriesOf(provider, model, evaluation).record(score);
    this.#quality.add(this.#quality.of([provider, model, evaluation]), score, unixMs, nowMs);
  }

  /** A run of an agent, tool or workflow: how long it took. */
  run(call: Call, { durationMs }: Moment): void {
    const seconds = durationMs / 1000;
    if (!(seconds >= 0)) return;
    const { level, errorType, provider, requestModel } = call;
    if (level === 'agent')
      this.#histogram('gen_ai.invoke_agent.duration').seriesOf(undefined, provider, requestModel, errorType).record(seconds);
    else if (level === 'tool') this.#histogram('gen_ai.execute_tool.duration').seriesOf(undefined, undefined, errorType).record(seconds);
    else if (level === 'workflow') this.#histogram('gen_ai.invoke_workflow.duration').seriesOf(undefined, errorType).record(seconds);
  }

  #failed({ provider, model, errorType, level }: Call): void {
    this.#counter('millrace.errors').seriesOf(errorType, level).add(1);
    this.#counter('millrace.api.errors').seriesOf(provider, errorType).add(1);
    if (isRateLimit(errorType)) this.#counter('millrace.rate_limit.hits').seriesOf(provider, model).add(1);
  }

  #tokens(call: Call, series: CallSeries, input: number, output: number, seconds: number): void {
    const { operation, provider, model, timeToFirstChunk: first } = call;
    const { tokens: all } = call.usage;
    for (let i = 0; i < all.length; i++) {
      const tokens = all[i]!;
      if (!(tokens > 0)) continue;
      const direction = i < tokenIndex.output ? 'input' : 'output';
      (series.tokens[i] ??= this.#counter('millrace.tokens').seriesOf(operation, provider, model, direction, tokenKinds[i])).add(tokens);
    }
    (series.inputTokens ??= this.#histogram('millrace.request.tokens').seriesOf(provider, model, 'input')).record(input);
    (series.outputTokens ??= this.#histogram('millrace.request.tokens').seriesOf(provider, model, 'output')).record(output);
    if (!(seconds > 0) || output === 0 || call.errorType !== '') return;
    const after = first >= 0 && first < seconds ? seconds - first : seconds;
    (series.tokenRate ??= this.#histogram('millrace.request.token_rate').seriesOf(provider, model)).record(output / after);
  }

  #cost(call: Call, cost: SummaryCost & { readonly driftPercent?: number }, serviceTier: string, series: CallSeries): void {
    const { provider, model } = call;
    const { currency, savings, status, actual } = cost;
    if (status === 'unpriced') (series.unpriced ??= this.#counter('millrace.cost.unpriced').seriesOf(provider, model)).add(1);
    if (status === 'priced' || status === 'cached' || actual !== undefined) {
      const amount = moneyToNumber(cost.amount);
      (series.costAmount ??= this.#costCounter('amount', call, serviceTier, currency)).add(amount);
      if (actual !== undefined) (series.costActual ??= this.#costCounter('actual', call, serviceTier, currency)).add(moneyToNumber(actual));
      if (status === 'priced') {
        const estimated = actual === undefined ? amount : moneyToNumber(cost.estimated);
        (series.costEstimated ??= this.#costCounter('estimated', call, serviceTier, currency)).add(estimated);
      }
      (series.requestCost ??= this.#histogram('millrace.request.cost').seriesOf(provider, model, currency)).record(amount);
    }
    const { driftPercent = Number.NaN } = cost;
    if (!Number.isNaN(driftPercent)) {
      (series.costDrift ??= this.#histogram('millrace.cost.drift').seriesOf(provider, model)).record(driftPercent);
    }
    this.#saved(call, 'cache', savings.cache, currency);
    this.#saved(call, 'routing', savings.routing, currency);
    this.#saved(call, 'batch', savings.batch, currency);
  }

  #costCounter(name: 'amount' | 'actual' | 'estimated', call: Call, serviceTier: string, currency: string): KeptSum {
    const { provider, model, task, cacheTier } = call;
    return this.#counter(`millrace.cost.${name}`).seriesOf(provider, model, task, cacheTier, serviceTier, currency);
  }

  #saved({ provider, model }: Call, source: string, amount: Money, currency: string): void {
    if (amount === 0n) return;
    this.#counter(amount > 0n ? 'millrace.savings' : 'millrace.extra_cost')
      .seriesOf(provider, model, source, currency)
      .add(Math.abs(moneyToNumber(amount)));
  }

  /** The metrics of the conventions. */
  #standard(call: Call, series: CallSeries, input: number, output: number, seconds: number): void {
    const { level, usage, errorType, timeToFirstChunk: first } = call;
    if (seconds >= 0) {
      (series.operationDuration ??= this.#standardHistogram('operation.duration', call, errorType)).record(seconds);
      if (level === 'inference' || level === 'embeddings') {
        (series.levelDuration ??= this.#standardHistogram(`${level}.duration`, call, errorType)).record(seconds);
      }
    }
    if (first >= 0) {
      (series.timeToFirstChunk ??= this.#standardHistogram('operation.time_to_first_chunk', call)).record(first);
      if (level === 'inference') {
        (series.inferenceTimeToFirstChunk ??= this.#standardHistogram('inference.time_to_first_chunk', call)).record(first);
      }
    }
    if (!usage.known) {
      if (level !== 'inference') return;
      // What the conventions want of a call that says nothing of its usage.
      this.#used(call, series, inputTokens, unknown, 0);
      this.#used(call, series, outputTokens, unknown, 0);
      return;
    }
    (series.inputUsage ??= this.#standardHistogram('token.usage', call, 'input')).record(input);
    if (output > 0) (series.outputUsage ??= this.#standardHistogram('token.usage', call, 'output')).record(output);
    if (level !== 'inference' && level !== 'embeddings') return;
    (series.levelInputTokens ??= this.#standardHistogram(`${level}.operation.input_tokens`, call)).record(input);
    if (level !== 'inference') return;
    (series.levelOutputTokens ??= this.#standardHistogram('inference.operation.output_tokens', call)).record(output);
    this.#byModality(call, series, input, output);
  }

  #byModality(call: Call, series: CallSeries, input: number, output: number): void {
    const { tokens } = call.usage;
    let inputRest = input;
    let outputRest = output;
    for (let modality = 0; modality < modalityPlaces.length; modality++) {
      const places = modalityPlaces[modality]!;
      const read = tokens[places.read]!;
      const whole = tokens[places.fresh]! + read;
      const made = tokens[places.made]!;
      if (whole > 0) this.#used(call, series, inputTokens, modality, whole);
      if (read > 0) this.#used(call, series, cacheRead, modality, read);
      if (made > 0) this.#used(call, series, outputTokens, modality, made);
      inputRest -= whole;
      outputRest -= made;
    }
    // The rest is text where other modalities are told apart.
    const [inputModality, outputModality] = [inputRest < input ? text : unknown, outputRest < output ? text : unknown];
    const written = tokens[tokenIndex.cache_write]! + tokens[tokenIndex.cache_write_5m]! + tokens[tokenIndex.cache_write_1h]!;
    const [read, reasoned] = [tokens[tokenIndex.cache_read]!, tokens[tokenIndex.reasoning]!];
    if (inputRest > 0) this.#used(call, series, inputTokens, inputModality, inputRest);
    if (outputRest > 0) this.#used(call, series, outputTokens, outputModality, outputRest);
    if (read > 0) this.#used(call, series, cacheRead, inputModality, read);
    if (written > 0) this.#used(call, series, cacheWrite, inputModality, written);
    if (reasoned > 0) this.#used(call, series, reasoning, outputModality, reasoned);
  }

  #used(call: Call, series: CallSeries, name: number, modality: number, tokens: number): void {
    const place = name * modalities.length + modality;
    let counter = series.usage[place];
    if (counter === undefined) {
      const labels = [...standardLabels(call), modalities[modality]];
      counter = this.#counter(`gen_ai.client.inference.usage.${usageNames[name]}`).seriesOf(...labels);
      series.usage[place] = counter;
    }
    counter.add(tokens);
  }

  #standardHistogram(name: string, call: Call, ...more: readonly string[]): KeptDistribution {
    return this.#histogram(`gen_ai.client.${name}`).seriesOf(...standardLabels(call), ...more);
  }
}

function standardLabels({
  operation,
  provider,
  requestModel,
  responseModel,
  serverAddress,
  serverPort,
}: Call): readonly (LabelValue | undefined)[] {
  const port = Number.isNaN(serverPort) || serverAddress === '' ? undefined : serverPort;
  return [operation, provider, requestModel, responseModel, serverAddress, port];
}
