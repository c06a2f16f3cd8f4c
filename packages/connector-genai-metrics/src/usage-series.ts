import { tokenIndex, tokenKinds } from '@millrace/genai';
import type { Usage } from '@millrace/genai';
import type { KeptDistribution, KeptSum } from '@millrace/instruments';
import type { Labels } from './labels.ts';
import type { MetricSet } from './metric-set.ts';

const firstOutput = tokenIndex.output;
const kinds = tokenKinds.length;

/** The modality that the name of a kind ends with; '' when it says none. */
const modalities = tokenKinds.map((kind) => /_(audio|image|video)$/.exec(kind)?.[1] ?? '');
/** The counter of the latest conventions that has a subset of the tokens of a kind. */
const subsets = tokenKinds.map((kind) => {
  if (kind.startsWith('cache_read')) return 'gen_ai.client.inference.usage.cache_read.input_tokens';
  if (kind.startsWith('cache_write')) return 'gen_ai.client.inference.usage.cache_write.input_tokens';
  return kind === 'reasoning' ? 'gen_ai.client.inference.usage.reasoning.output_tokens' : '';
});

/** Which names tokens are counted under. */
export interface UsageNames {
  /** Those of the latest conventions: of calls of models, or of embeddings. */
  readonly latest: 'inference' | 'embeddings' | '';
  readonly has137: boolean;
}

/** The series of tokens of one kind of calls. */
export class UsageSeries {
  readonly #metrics: MetricSet;
  readonly #labels: Labels;
  readonly #names: UsageNames;
  readonly #tokens: (KeptSum | undefined)[] = [];
  /** Of the latest conventions: by kind, and whether the usage tells modalities apart. */
  readonly #standard: (KeptSum | undefined)[] = [];
  readonly #subset: (KeptSum | undefined)[] = [];
  /** How much calls use, by direction. */
  #inputs: readonly KeptDistribution[] | undefined;
  #outputs: readonly KeptDistribution[] | undefined;

  constructor(metrics: MetricSet, labels: Labels, names: UsageNames) {
    this.#metrics = metrics;
    this.#labels = labels;
    this.#names = names;
  }

  /** Counts what a call used. */
  record(usage: Usage): void {
    const { inputTokens, outputTokens } = usage;
    this.#inputs ??= this.#distributions('input');
    for (const input of this.#inputs) input.record(inputTokens);
    if (outputTokens > 0 || this.#names.latest !== 'embeddings') {
      this.#outputs ??= this.#distributions('output');
      for (const output of this.#outputs) output.record(outputTokens);
    }
    this.#countKinds(usage.tokens);
  }

  #distributions(direction: 'input' | 'output'): readonly KeptDistribution[] {
    const { latest, has137 } = this.#names;
    const labels = new Map(this.#labels).set('millrace.token.direction', direction).set('gen_ai.token.type', direction);
    const names = ['millrace.request.tokens'];
    if (has137) names.push('gen_ai.client.token.usage');
    if (latest === 'inference' || (latest === 'embeddings' && direction === 'input')) {
      names.push(`gen_ai.client.${latest}.operation.${direction}_tokens`);
    }
    return names.map((name) => this.#metrics.histogram(name, labels));
  }

  /** Says of a call without usage what the conventions want: that it used nothing. */
  recordNone(): void {
    if (this.#names.latest !== 'inference') return;
    this.#standardOf(0, false).add(0);
    this.#standardOf(firstOutput, false).add(0);
  }

  #countKinds(tokens: Float64Array): void {
    const isStandard = this.#names.latest === 'inference';
    const hasInputModes = isStandard && hasModes(tokens, 0, firstOutput);
    const hasOutputModes = isStandard && hasModes(tokens, firstOutput, kinds);
    for (let kind = 0; kind < kinds; kind++) {
      const count = tokens[kind]!;
      if (count === 0) continue;
      (this.#tokens[kind] ??= this.#ofKind(kind)).add(count);
      if (!isStandard) continue;
      const hasModality = kind < firstOutput ? hasInputModes : hasOutputModes;
      this.#standardOf(kind, hasModality).add(count);
      if (subsets[kind] !== '')
        (this.#subset[kind * 2 + Number(hasModality)] ??= this.#named(subsets[kind]!, kind, hasModality)).add(count);
    }
  }

  #ofKind(kind: number): KeptSum {
    const labels = new Map(this.#labels).set('millrace.token.direction', kind < firstOutput ? 'input' : 'output');
    return this.#metrics.counter('millrace.tokens', labels.set('millrace.token.kind', tokenKinds[kind]!));
  }

  #standardOf(kind: number, hasModality: boolean): KeptSum {
    const direction = kind < firstOutput ? 'input' : 'output';
    return (this.#standard[kind * 2 + Number(hasModality)] ??= this.#named(
      `gen_ai.client.inference.usage.${direction}_tokens`,
      kind,
      hasModality,
    ));
  }

  #named(name: string, kind: number, hasModality: boolean): KeptSum {
    const modality = modalities[kind]! || (hasModality ? 'text' : 'unknown');
    return this.#metrics.counter(name, new Map(this.#labels).set('gen_ai.token.modality', modality));
  }
}

/** Whether tokens of some modality are told apart, so that the others are text. */
function hasModes(tokens: Float64Array, from: number, to: number): boolean {
  for (let kind = from; kind < to; kind++) if (tokens[kind]! > 0 && modalities[kind] !== '') return true;
  return false;
}
