import type { CatalogModel, CatalogProvider } from '../src/prices/genai-prices.ts';
import type { ModelMatch } from '../src/prices/prices-schema.ts';

/** Numbers that look random and are the same in every run (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `most`. */
  upTo(most: number): number {
    return Math.floor(this.next() * (most + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.upTo(list.length - 1)]!;
  }

  /** Tokens of an input: short ones, and long ones around the lengths where prices change. */
  length(): number {
    const kind = this.next();
    if (kind < 0.55) return this.upTo(20_000);
    if (kind < 0.75) return this.upTo(1_000_000);
    return this.pick([128_000, 199_999, 200_000, 271_999, 272_000, 512_000]) + this.pick([-1, 0, 1, 2]);
  }
}

/** The response of a vendor that answers in one of the known shapes; undefined when nothing of the kind is known. */
export function vendorBody(flavour: string, provider: string, model: string, random: Random): Record<string, unknown> | undefined {
  const input = random.length();
  const output = random.upTo(30_000);
  const part = (of: number, likely = 0.5): number => (random.chance(likely) ? random.upTo(of) : 0);
  const read = part(input);
  if (flavour === 'anthropic' || (['anthropic', 'minimax'].includes(provider) && flavour === 'default'))
    return anthropic(provider, model, random, input, output);
  if (flavour === 'default' && provider === 'google') return gemini(model, random, input, output);
  if (flavour === 'default' && provider === 'aws') {
    const write = part(input - read);
    const cached = { cacheReadInputTokens: read, cacheWriteInputTokens: write };
    return { model, usage: { inputTokens: input - read - write, ...cached, outputTokens: output, totalTokens: input + output } };
  }
  if (flavour === 'embeddings' && provider !== 'cohere') return { model, usage: { prompt_tokens: input, total_tokens: input } };
  if (provider === 'cohere') {
    const units = { input_tokens: input, output_tokens: output };
    if (flavour === 'default') return { model, usage: { billed_units: units } };
    return flavour === 'tokens'
      ? { model, usage: { tokens: units, cached_tokens: read } }
      : { model, meta: { billed_units: { input_tokens: input } } };
  }
  if (flavour === 'responses') {
    return {
      model,
      usage: {
        input_tokens: input,
        input_tokens_details: { cached_tokens: read },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: part(output) },
        total_tokens: input + output,
      },
    };
  }
  if (flavour === 'realtime' && provider !== 'x-ai') return realtime(model, random, input, output);
  if (flavour === 'images') {
    const image = part(input);
    return {
      model,
      usage: {
        input_tokens: input,
        input_tokens_details: { text_tokens: input - image, image_tokens: image },
        output_tokens: output,
        output_tokens_details: { text_tokens: 0, image_tokens: output },
        total_tokens: input + output,
      },
    };
  }
  if (provider === 'perplexity') {
    const beside = { citation_tokens: part(output, 0.3), reasoning_tokens: part(output, 0.3), num_search_queries: random.upTo(30) };
    return { model, usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output, ...beside } };
  }
  if (provider === 'typesafe') return { model, usage: { input_tokens: input, output_tokens: output } };
  if (flavour === 'usage-event') {
    const write = part(input - read);
    const cached = { cacheReadTokens: read, cacheWriteTokens: write };
    return { model, tokenUsage: { inputTokens: input - read - write, ...cached, outputTokens: output } };
  }
  if (provider === 'x-ai' && flavour === 'default') {
    const reasoning = part(output);
    const usage = { prompt_tokens: input, cached_prompt_text_tokens: read, reasoning_tokens: reasoning };
    return { model, usage: { ...usage, completion_tokens: output - reasoning, total_tokens: input + output } };
  }
  if (provider === 'anthropic' && flavour === 'chat') {
    const usage = { prompt_tokens: input, cached_tokens: read, completion_tokens: output, total_tokens: input + output };
    return { model, usage: { ...usage, completion_tokens_details: { reasoning_tokens: part(output) } } };
  }
  if (flavour === 'chat' || flavour === 'default') {
    const usage = chat(provider, random, input, output, read);
    return provider === 'cloudflare' && flavour === 'default' ? { result: { model, usage } } : { model, usage };
  }
  return undefined;
}

/** Vendors whose reasoning comes on top of `completion_tokens`. */
const reasoningBeside = new Set(['x-ai']);

function chat(provider: string, random: Random, input: number, output: number, read: number): Record<string, unknown> {
  const audioIn = random.chance(0.3) && provider === 'openai' ? random.upTo(input - read) : 0;
  const audioOut = random.chance(0.3) && provider === 'openai' ? random.upTo(output) : 0;
  const reasoning = random.chance(0.4) ? random.upTo(output - audioOut) : 0;
  const completion = reasoningBeside.has(provider) ? output - reasoning : output;
  return {
    prompt_tokens: input,
    completion_tokens: completion,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: read, ...(audioIn > 0 ? { audio_tokens: audioIn } : {}) },
    completion_tokens_details: { reasoning_tokens: reasoning, ...(audioOut > 0 ? { audio_tokens: audioOut } : {}) },
  };
}

function anthropic(provider: string, model: string, random: Random, input: number, output: number): Record<string, unknown> {
  const read = random.chance(0.5) ? random.upTo(input) : 0;
  const write = random.chance(0.5) ? random.upTo(input - read) : 0;
  const hour = random.chance(0.5) ? random.upTo(write) : 0;
  const told = provider === 'anthropic' && random.chance(0.8);
  return {
    model,
    usage: {
      input_tokens: input - read - write,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: write,
      ...(told ? { cache_creation: { ephemeral_5m_input_tokens: write - hour, ephemeral_1h_input_tokens: hour } } : {}),
      output_tokens: output,
      ...(random.chance(0.2) ? { server_tool_use: { web_search_requests: random.upTo(5) } } : {}),
      service_tier: 'standard',
    },
  };
}

function gemini(model: string, random: Random, input: number, output: number): Record<string, unknown> {
  const cut = (of: number): { modality: string; tokenCount: number }[] => {
    const audio = random.chance(0.3) ? random.upTo(of) : 0;
    const image = random.chance(0.3) ? random.upTo(of - audio) : 0;
    const video = random.chance(0.3) ? random.upTo(of - audio - image) : 0;
    const parts = { TEXT: of - audio - image - video, AUDIO: audio, IMAGE: image, VIDEO: video };
    return Object.entries(parts).flatMap(([modality, tokenCount]) => (tokenCount > 0 ? [{ modality, tokenCount }] : []));
  };
  const thoughts = random.chance(0.5) ? random.upTo(output) : 0;
  const prompt = cut(input);
  // Of each modality, some may come from the cache.
  const cached = random.chance(0.5)
    ? prompt.flatMap(({ modality, tokenCount }) => {
        const count = random.upTo(tokenCount);
        return count > 0 ? [{ modality, tokenCount: count }] : [];
      })
    : [];
  const cachedCount = cached.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return {
    modelVersion: model,
    usageMetadata: {
      promptTokenCount: input,
      promptTokensDetails: prompt,
      ...(cachedCount > 0 ? { cachedContentTokenCount: cachedCount, cacheTokensDetails: cached } : {}),
      candidatesTokenCount: output - thoughts,
      candidatesTokensDetails: [{ modality: 'TEXT', tokenCount: output - thoughts }],
      ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
      totalTokenCount: input + output,
    },
  };
}

function realtime(model: string, random: Random, input: number, output: number): Record<string, unknown> {
  const audio = random.upTo(input);
  const cachedAudio = random.upTo(audio);
  const cachedText = random.upTo(input - audio);
  const audioOut = random.upTo(output);
  return {
    model,
    response: {
      usage: {
        total_tokens: input + output,
        input_tokens: input,
        output_tokens: output,
        input_token_details: {
          text_tokens: input - audio,
          audio_tokens: audio,
          image_tokens: 0,
          cached_tokens: cachedAudio + cachedText,
          cached_tokens_details: { text_tokens: cachedText, audio_tokens: cachedAudio, image_tokens: 0 },
        },
        output_token_details: { text_tokens: output - audioOut, audio_tokens: audioOut },
      },
    },
  };
}

/** Names by which a model of the catalogue goes. */
export function namesOf(model: CatalogModel): readonly string[] {
  const names: string[] = [];
  const walk = (match: ModelMatch): void => {
    if (typeof match === 'string') return;
    if (match.or !== undefined) for (const rule of match.or) walk(rule);
    const name = match.equals ?? match.starts_with;
    if (name !== undefined) names.push(name);
  };
  walk(model.match);
  return names.length > 0 ? names : [model.id];
}

/** Times from 2024 to 2027, some of them on borders of prices. */
export function someTime(provider: CatalogProvider, random: Random): Date {
  if (random.chance(0.2)) {
    const days = provider.models.flatMap(({ prices }) =>
      Array.isArray(prices) ? prices.flatMap(({ constraint }) => constraint?.start_date ?? []) : [],
    ) as string[];
    if (days.length > 0) return new Date(Date.parse(`${random.pick(days)}T00:00:00Z`) + random.pick([-1, 0, 1]));
  }
  return new Date(Date.UTC(2024, 0, 1) + Math.floor(random.next() * 3 * 365 * 86_400_000));
}
