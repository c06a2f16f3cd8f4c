/** A price list of the demo's own, in US dollars per million tokens: exact, whatever the vendors charge today. */
export interface ModelPrices {
  readonly input: string;
  readonly cacheRead: string;
  readonly cacheWrite: string;
  readonly output: string;
  /** Percentage of the others that batch jobs cost. Default 100. */
  readonly batchPercent?: number;
}

/** A model that the demo calls. */
export interface DemoModel {
  readonly provider: string;
  /** What requests ask for. */
  readonly name: string;
  /** What answers. */
  readonly answers: string;
  /** Ascending by date; the first holds from the beginning. Empty: nobody knows what it costs. */
  readonly prices: readonly { readonly from?: string; readonly usdPerMillion: ModelPrices }[];
  /** Milliseconds to the first chunk, at the median. */
  readonly firstChunkMs: number;
  readonly tokensPerSecond: number;
  /** Of 5. */
  readonly quality: number;
  /** Where to go when it fails. */
  readonly fallback: string;
}

/** The models of the demo. One of them becomes cheaper while it runs. */
export const models: readonly DemoModel[] = [
  {
    provider: 'openai',
    name: 'gpt-4o',
    answers: 'gpt-4o-2024-11-20',
    prices: [{ usdPerMillion: { input: '2.5', cacheRead: '1.25', cacheWrite: '2.5', output: '10' } }],
    firstChunkMs: 420,
    tokensPerSecond: 85,
    quality: 4.4,
    fallback: 'claude-sonnet-4-5',
  },
  {
    provider: 'openai',
    name: 'gpt-4o-mini',
    answers: 'gpt-4o-mini-2024-07-18',
    prices: [{ usdPerMillion: { input: '0.15', cacheRead: '0.075', cacheWrite: '0.15', output: '0.6', batchPercent: 50 } }],
    firstChunkMs: 310,
    tokensPerSecond: 120,
    quality: 4.1,
    fallback: 'claude-haiku-4-5',
  },
  {
    provider: 'anthropic',
    name: 'claude-sonnet-4-5',
    answers: 'claude-sonnet-4-5-20250929',
    prices: [{ usdPerMillion: { input: '3', cacheRead: '0.3', cacheWrite: '3.75', output: '15' } }],
    firstChunkMs: 650,
    tokensPerSecond: 70,
    quality: 4.6,
    fallback: 'gpt-4o',
  },
  {
    provider: 'anthropic',
    name: 'claude-haiku-4-5',
    answers: 'claude-haiku-4-5-20251001',
    prices: [
      { usdPerMillion: { input: '1', cacheRead: '0.1', cacheWrite: '1.25', output: '5' } },
      { from: '2026-11-09T00:00:00Z', usdPerMillion: { input: '0.8', cacheRead: '0.08', cacheWrite: '1', output: '4' } },
    ],
    firstChunkMs: 380,
    tokensPerSecond: 140,
    quality: 4.2,
    fallback: 'gpt-4o-mini',
  },
  {
    provider: 'gcp.gemini',
    name: 'gemini-2.5-flash',
    answers: 'gemini-2.5-flash',
    prices: [{ usdPerMillion: { input: '0.3', cacheRead: '0.075', cacheWrite: '0.3', output: '2.5' } }],
    firstChunkMs: 350,
    tokensPerSecond: 160,
    quality: 4.1,
    fallback: 'gpt-4o-mini',
  },
  {
    provider: 'openai',
    name: 'text-embedding-3-small',
    answers: 'text-embedding-3-small',
    prices: [{ usdPerMillion: { input: '0.02', cacheRead: '0.02', cacheWrite: '0.02', output: '0' } }],
    firstChunkMs: 60,
    tokensPerSecond: 1e6,
    quality: 4.5,
    fallback: 'text-embedding-3-small',
  },
  {
    provider: 'house',
    name: 'house-llm',
    answers: 'house-llm',
    prices: [],
    firstChunkMs: 90,
    tokensPerSecond: 45,
    quality: 3.9,
    fallback: 'gpt-4o-mini',
  },
];

/** The model with this name. Throws a `RangeError` when there is none. */
export function modelOf(name: string): DemoModel {
  const found = models.find((model) => model.name === name);
  if (found === undefined) throw new RangeError(`the demo has no model ${name}`);
  return found;
}

/** What the application is used for. */
export interface DemoTask {
  readonly name: string;
  readonly operation: 'chat' | 'embeddings';
  /** Of all requests. */
  readonly share: number;
  /** Names of models with their shares. */
  readonly routes: Readonly<Record<string, number>>;
  /** Tokens at the median, and how far they spread. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly spread: number;
  /** How much of the prompt the vendor has cached, of calls that have any of it cached. */
  readonly promptCached: number;
  /** How often each tier of the application's cache has the answer: exact, semantic, of an intermediate result. */
  readonly cacheHits: readonly [number, number, number];
}

/** The tasks of the demo. */
export const tasks: readonly DemoTask[] = [
  {
    name: 'support_chat',
    operation: 'chat',
    share: 0.42,
    routes: { 'gpt-4o-mini': 0.5, 'claude-haiku-4-5': 0.3, 'gpt-4o': 0.2 },
    inputTokens: 900,
    outputTokens: 180,
    spread: 0.5,
    promptCached: 0.6,
    cacheHits: [0.3, 0.28, 0.12],
  },
  {
    name: 'summarize',
    operation: 'chat',
    share: 0.18,
    routes: { 'gemini-2.5-flash': 0.6, 'gpt-4o-mini': 0.4 },
    inputTokens: 4200,
    outputTokens: 320,
    spread: 0.6,
    promptCached: 0.1,
    cacheHits: [0.38, 0.2, 0.1],
  },
  {
    name: 'code_review',
    operation: 'chat',
    share: 0.12,
    routes: { 'claude-sonnet-4-5': 0.8, 'gpt-4o': 0.2 },
    inputTokens: 6000,
    outputTokens: 900,
    spread: 0.5,
    promptCached: 0.7,
    cacheHits: [0.12, 0.1, 0.06],
  },
  {
    name: 'extract',
    operation: 'chat',
    share: 0.12,
    routes: { 'gpt-4o-mini': 0.92, 'house-llm': 0.08 },
    inputTokens: 1500,
    outputTokens: 120,
    spread: 0.4,
    promptCached: 0.5,
    cacheHits: [0.45, 0.2, 0.1],
  },
  {
    name: 'search',
    operation: 'embeddings',
    share: 0.16,
    routes: { 'text-embedding-3-small': 1 },
    inputTokens: 60,
    outputTokens: 0,
    spread: 0.7,
    promptCached: 0,
    cacheHits: [0.55, 0, 0],
  },
];

/** Who pays, and their share of the requests. */
export const teams: readonly { readonly name: string; readonly share: number }[] = [
  { name: 'support', share: 0.45 },
  { name: 'platform', share: 0.25 },
  { name: 'research', share: 0.2 },
  { name: 'sales', share: 0.1 },
];
