import { chargedUsd, listPrice } from './price.ts';
import type { Rows } from './rows.ts';
import { Recent } from './recent.ts';
import type { Attempt, BatchJob, DemoRequest } from './traffic.ts';
import { modelOf } from './world.ts';
import type { DemoModel } from './world.ts';

const route = '/api/llm';
const evaluation = 'helpfulness';
const unitsPerUsd = 1e12;

/** Records requests by the recording API, and counts in the tally what the metrics should show then. */
export class RequestRecording {
  readonly #rows: Rows;
  readonly #success = new Recent();
  readonly #quality = new Recent();
  readonly #hits = new Recent();
  /** Calls that are under way, by when they end. */
  #pending: { readonly untilMs: number; readonly model: DemoModel }[] = [];

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** A request and all that it caused. */
  request(request: DemoRequest): void {
    const { task, attempts, answeredByCache, cache, quality, unixMs } = request;
    const rows = this.#rows;
    const last = attempts.at(-1)!;
    const failed = last.errorType !== '';
    const endMs = answeredByCache ? last.startMs : last.startMs + last.durationMs;
    const status = failed ? '502' : '200';
    rows.count('millrace.http.requests', ['POST', route, status]);
    rows.observe('http.server.request.duration', ['POST', route, status, failed ? status : undefined], (endMs - unixMs) / 1000);
    this.settle(unixMs);
    for (const { tier, hit, latencyMs } of cache) {
      this.#hits.add([tier], hit ? 1 : 0, unixMs + latencyMs);
      if (hit) {
        // Whether it hit is told by the call that it answered.
        rows.count('millrace.cache.operations', [tier, 'get']);
        rows.observe('millrace.cache.operation.duration', [tier, 'get', 'hit'], latencyMs / 1000);
      } else {
        rows.recorder.recordCacheEvent({ tier, hit, durationMs: latencyMs, unixMs: unixMs + latencyMs });
        rows.tally.add('millrace.cache.operations');
        rows.tally.observe('millrace.cache.operation.duration', latencyMs / 1000);
      }
      rows.tally.add(hit ? 'millrace.cache.hits' : 'millrace.cache.misses');
    }
    rows.count('millrace.policy.evaluations', ['prompt_length', 'allow']);
    if (answeredByCache) return this.#cached(request, last);
    for (const attempt of attempts) this.#attempt(request, attempt, attempt === last ? quality : undefined);
    if (task.operation === 'embeddings') return;
    rows.recorder.recordCacheEvent({ tier: '1', operation: 'put', unixMs: endMs });
    rows.tally.add('millrace.cache.operations');
  }

  /** A batch job and the calls in it. */
  batch({ unixMs, model, requests }: BatchJob): void {
    const { recorder, tally } = this.#rows;
    const savingsPercent = 100 - (model.prices[0]?.usdPerMillion.batchPercent ?? 100);
    recorder.recordBatch({ unixMs, provider: model.provider, size: requests.length, savingsPercent });
    tally.observe('millrace.batch.size', requests.length);
    tally.observe('millrace.batch.savings', savingsPercent);
    for (const { input, output } of requests) {
      recorder.recordInference({
        unixMs,
        provider: model.provider,
        model: model.answers,
        requestedModel: model.name,
        usage: { input, output },
        batch: true,
        task: 'classify',
      });
      this.#requested(model, '', unixMs);
      this.#tokens({ input, output, cacheRead: 0, cacheWrite: 0, reasoning: 0 }, Number.NaN, false);
      const standard = listPrice(model, { input, output }, unixMs)!;
      const price = listPrice(model, { input, output }, unixMs, true)!;
      this.#money('millrace.cost.amount', price);
      this.#money('millrace.cost.estimated', price);
      tally.observe('millrace.request.cost', Number(price) / unitsPerUsd);
      this.#money('millrace.savings', standard - price);
      this.#routed(model, { input, output }, unixMs, standard);
    }
  }

  /** Ends the calls that ended before a moment. */
  settle(unixMs: number): void {
    const { recorder, tally } = this.#rows;
    this.#pending = this.#pending.filter(({ untilMs, model }) => {
      if (untilMs > unixMs) return true;
      recorder.upDownCounter('millrace.request.active').seriesOf(model.provider, model.answers).add(-1);
      tally.add('millrace.request.active', -1);
      return false;
    });
  }

  /** What the gauges over the last five minutes should show. */
  tallyRecent(): void {
    const { tally } = this.#rows;
    for (const [name, recent] of [
      ['millrace.request.success_rate', this.#success],
      ['millrace.quality.score', this.#quality],
      ['millrace.cache.hit_rate', this.#hits],
    ] as const)
      for (const [series, mean] of recent.means()) tally.set(name, [series], mean);
  }

  #cached(request: DemoRequest, attempt: Attempt): void {
    const { recorder, tally } = this.#rows;
    const { model } = attempt;
    const { tier, latencyMs } = request.cache.at(-1)!;
    const usage = { input: attempt.input, cache_read: attempt.cacheRead, cache_write: attempt.cacheWrite, output: attempt.output };
    recorder.recordInference({
      unixMs: request.unixMs + latencyMs,
      provider: model.provider,
      model: model.answers,
      requestedModel: model.name,
      operation: request.task.operation,
      durationMs: latencyMs,
      usage: { ...usage, reasoning: attempt.reasoning },
      user: request.user,
      team: request.team,
      task: request.task.name,
      cache: 'hit',
      cacheTier: tier,
      serverAddress: model.provider,
      serverPort: 443,
    });
    this.#requested(model, '', request.unixMs + latencyMs);
    tally.observe('millrace.request.duration', latencyMs / 1000);
    const price = listPrice(model, attempt, request.unixMs);
    tally.observe('millrace.request.cost', 0);
    if (price !== undefined) this.#money('millrace.savings', price);
  }

  #attempt(request: DemoRequest, attempt: Attempt, quality: number | undefined): void {
    const { recorder, tally } = this.#rows;
    const { model, reason, errorType, startMs, durationMs } = attempt;
    const { provider, answers, name } = model;
    const { task } = request;
    const unixMs = startMs + durationMs;
    recorder.upDownCounter('millrace.request.active').seriesOf(provider, answers).add(1);
    tally.add('millrace.request.active');
    this.#pending.push({ untilMs: unixMs, model });
    const routing = { strategy: task.name === 'support_chat' ? 'weighted' : 'by_task', model: name, provider, durationMs: 0.2 };
    const from = reason === 'failover' ? request.attempts[0]!.model : undefined;
    recorder.recordRouting({
      ...routing,
      unixMs: startMs,
      ...(from !== undefined && { fallbackFrom: from.name, failoverFrom: from.provider, failoverTo: provider }),
    });
    tally.add('millrace.model.selections');
    tally.observe('millrace.routing.decision.duration', routing.durationMs / 1000);
    this.#rows.count('millrace.rotation.requests', ['round_robin', provider, errorType]);
    this.#rows.observe('millrace.rotation.request.duration', ['round_robin'], durationMs / 1000);
    if (from !== undefined) {
      tally.add('millrace.model.fallbacks');
      tally.add('millrace.failovers');
    }
    if (reason !== 'first') {
      recorder.recordRetry({ unixMs: startMs, provider, model: answers, error: request.attempts[0]!.errorType });
      tally.add('millrace.retries');
    }
    const charged = chargedUsd(attempt);
    const failed = errorType !== '';
    const isEmbeddings = task.operation === 'embeddings';
    const streamed = request.streamed && !failed;
    recorder.recordInference({
      unixMs,
      provider,
      model: answers,
      requestedModel: name,
      operation: task.operation,
      durationMs,
      ...(streamed && { timeToFirstTokenMs: attempt.firstChunkMs }),
      ...(!failed &&
        attempt.saysUsage && {
          usage: {
            input: attempt.input,
            cache_read: attempt.cacheRead,
            cache_write: attempt.cacheWrite,
            output: attempt.output,
            reasoning: attempt.reasoning,
          },
        }),
      ...(charged !== undefined && { cost: charged, currency: 'USD' }),
      ...(failed && { error: errorType }),
      ...(quality !== undefined && { quality, evaluation }),
      user: request.user,
      team: request.team,
      task: task.name,
      serverAddress: provider,
      serverPort: 443,
    });
    this.#requested(model, errorType, unixMs);
    this.#timed(durationMs / 1000, isEmbeddings);
    if (streamed) {
      for (const metric of ['millrace.request.time_to_first_token', 'gen_ai.client.operation.time_to_first_chunk'])
        tally.observe(metric, attempt.firstChunkMs / 1000);
      if (!isEmbeddings) tally.observe('gen_ai.client.inference.time_to_first_chunk', attempt.firstChunkMs / 1000);
    }
    if (quality !== undefined) {
      tally.observe('millrace.evaluation.score', quality);
      this.#quality.add([provider, answers, evaluation], quality, unixMs);
    }
    if (failed) return;
    if (!attempt.saysUsage) return tally.add('millrace.usage.missing');
    this.#tokens(attempt, (streamed ? durationMs - attempt.firstChunkMs : durationMs) / 1000, isEmbeddings);
    this.#charged(attempt, charged, isEmbeddings);
  }

  #charged(attempt: Attempt, charged: string | undefined, isEmbeddings: boolean): void {
    const { tally } = this.#rows;
    const { model, startMs } = attempt;
    const price = listPrice(model, attempt, startMs);
    if (price === undefined) return tally.add('millrace.cost.unpriced');
    const actual = charged === undefined ? undefined : BigInt(charged.replace('.', ''));
    const amount = actual ?? price;
    this.#money('millrace.cost.amount', amount);
    this.#money('millrace.cost.estimated', price);
    if (actual !== undefined) {
      this.#money('millrace.cost.actual', actual);
      if (price > 0n) tally.observe('millrace.cost.drift', (Number(actual - price) / Number(price)) * 100);
    }
    tally.observe('millrace.request.cost', Number(amount) / unitsPerUsd);
    if (!isEmbeddings) this.#routed(model, attempt, startMs, amount);
  }

  /** What it would have cost at the baseline model, against what was paid. */
  #routed(model: DemoModel, tokens: Parameters<typeof listPrice>[1], unixMs: number, paid: bigint): void {
    const baseline = modelOf('gpt-4o');
    if (model === baseline) return;
    const saved = listPrice(baseline, tokens, unixMs)! - paid;
    if (saved > 0n) this.#money('millrace.savings', saved);
    else this.#money('millrace.extra_cost', -saved);
  }

  #requested(model: DemoModel, errorType: string, unixMs: number): void {
    const { tally } = this.#rows;
    tally.add('millrace.requests');
    this.#success.add([model.provider, model.answers], errorType === '' ? 1 : 0, unixMs);
    if (errorType === '') return;
    tally.add('millrace.errors');
    tally.add('millrace.api.errors');
    if (errorType === 'rate_limit') tally.add('millrace.rate_limit.hits');
  }

  #timed(seconds: number, isEmbeddings: boolean): void {
    const { tally } = this.#rows;
    tally.observe('millrace.request.duration', seconds);
    tally.observe('gen_ai.client.operation.duration', seconds);
    tally.observe(isEmbeddings ? 'gen_ai.client.embeddings.duration' : 'gen_ai.client.inference.duration', seconds);
  }

  #tokens(
    used: Pick<Attempt, 'input' | 'cacheRead' | 'cacheWrite' | 'output' | 'reasoning'>,
    seconds: number,
    isEmbeddings: boolean,
  ): void {
    const { tally } = this.#rows;
    const input = used.input + used.cacheRead + used.cacheWrite;
    const output = used.output + used.reasoning;
    tally.add('millrace.tokens', input + output);
    for (const tokens of [input, output]) tally.observe('millrace.request.tokens', tokens);
    if (output > 0 && seconds > 0) tally.observe('millrace.request.token_rate', output / seconds);
    tally.observe('gen_ai.client.token.usage', input);
    if (output > 0) tally.observe('gen_ai.client.token.usage', output);
    if (isEmbeddings) return tally.observe('gen_ai.client.embeddings.operation.input_tokens', input);
    tally.observe('gen_ai.client.inference.operation.input_tokens', input);
    tally.observe('gen_ai.client.inference.operation.output_tokens', output);
    tally.add('gen_ai.client.inference.usage.input_tokens', input);
    tally.add('gen_ai.client.inference.usage.output_tokens', output);
    tally.add('gen_ai.client.inference.usage.cache_read.input_tokens', used.cacheRead);
    tally.add('gen_ai.client.inference.usage.cache_write.input_tokens', used.cacheWrite);
    tally.add('gen_ai.client.inference.usage.reasoning.output_tokens', used.reasoning);
  }

  #money(name: string, amount: bigint): void {
    this.#rows.tally.add(name, Number(amount) / unitsPerUsd);
  }
}
