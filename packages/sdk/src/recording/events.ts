import type { TokenKind } from '@millrace/genai';

/** When an event of the recording API happened. */
export interface Timed {
  /** When it ended, in milliseconds since the epoch. Default now. */
  readonly unixMs?: number;
}

/** A call of a model that ended. What is not known is left out. Never carries contents of prompts or answers. */
export interface InferenceEvent extends Timed {
  /** The model that answered; the one that was asked for when there was no answer. */
  readonly model: string;
  /** The model that was asked for, where it is another one. */
  readonly requestedModel?: string;
  /** `gen_ai.provider.name`, such as `openai`. Default what the model's name says, if it says anything. */
  readonly provider?: string;
  /** `gen_ai.operation.name`. Default `chat`. `embeddings` and `rerank` are told apart from inference. */
  readonly operation?: string;
  readonly durationMs?: number;
  /** Of a streamed answer: from the request to its first chunk. */
  readonly timeToFirstTokenMs?: number;
  /** Tokens by kind, each token in one kind: `input` without what a cache of the vendor served, `output` without `reasoning`. */
  readonly usage?: Partial<Readonly<Record<TokenKind, number>>>;
  /** What the provider or you say it cost: exact when it is a text. Default what the price list says. */
  readonly cost?: number | string;
  /** ISO 4217, of `cost`. Default that of the price list. */
  readonly currency?: string;
  /** In the summary only, never a label of a metric. */
  readonly user?: string;
  readonly team?: string;
  readonly apiKeyId?: string;
  /** What it was for, such as `summarize`. */
  readonly task?: string;
  /** Of the vendor: `flex`, `priority`, ... */
  readonly serviceTier?: string;
  /** Whether it was part of a batch job. */
  readonly batch?: boolean;
  /** How the application's own cache answered; with `hit` no model was called, and `usage` is what was avoided. */
  readonly cache?: 'hit' | 'miss';
  /** The tier of that cache. */
  readonly cacheTier?: string | number;
  /** `error.type` of a call that failed, such as `rate_limit` or `timeout`. */
  readonly error?: string;
  /** A judgement of the answer, mostly between 0 and 1. */
  readonly quality?: number;
  /** The name of that judgement. */
  readonly evaluation?: string;
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

/** What the application's cache did. */
export interface CacheEvent extends Timed {
  readonly tier: string | number;
  /** Default `get`. `evict` and `expire` are entries that the cache gave up. */
  readonly operation?: 'get' | 'put' | 'delete' | 'evict' | 'expire';
  /** Of `get`. */
  readonly hit?: boolean;
  readonly durationMs?: number;
  /** Entries that are concerned. Default 1. */
  readonly count?: number;
  /** What the tier holds afterwards. */
  readonly sizeBytes?: number;
  readonly entries?: number;
}

/** A choice of a model or endpoint. */
export interface RoutingEvent extends Timed {
  /** How it was chosen, such as `cheapest`. */
  readonly strategy: string;
  readonly model: string;
  readonly provider?: string;
  readonly durationMs?: number;
  /** The model that `model` stands in for. */
  readonly fallbackFrom?: string;
  /** The endpoint that was moved away from, and the one that was moved to. */
  readonly failoverFrom?: string;
  readonly failoverTo?: string;
}

/** A batch of requests that were sent as one job. */
export interface BatchEvent extends Timed {
  readonly size: number;
  readonly provider?: string;
  /** What it saves of the price. */
  readonly savingsPercent?: number;
}

/** An error outside of calls of models: `recordInference` counts theirs. */
export interface ErrorEvent extends Timed {
  readonly type: string;
  /** Where it arose. */
  readonly component: string;
  /** Such as `warning` or `critical`. */
  readonly severity?: string;
}

/** An evaluation of a policy. */
export interface PolicyEvent extends Timed {
  readonly name: string;
  /** Default `allow`, or `deny` with a violation. */
  readonly result?: string;
  /** The severity of a violation; absent when there was none. */
  readonly violation?: string;
}

/** A call that was tried again. */
export interface RetryEvent extends Timed {
  readonly provider?: string;
  readonly model?: string;
  /** Why. */
  readonly error?: string;
}
