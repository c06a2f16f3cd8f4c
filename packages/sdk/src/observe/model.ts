import type { Level } from '@millrace/genai';
import { ObservedCall } from './observed-call.ts';
import type { CallObserver, ObserveOptions } from './observed-call.ts';

/** A language or embedding model of the AI SDK (`ai`), as its providers make them. */
interface AiModel {
  readonly modelId: string;
  readonly provider?: unknown;
  doGenerate?: (...args: unknown[]) => PromiseLike<unknown>;
  doStream?: (...args: unknown[]) => PromiseLike<unknown>;
  doEmbed?: (...args: unknown[]) => PromiseLike<unknown>;
}

interface Result {
  readonly usage?: unknown;
  readonly finishReason?: unknown;
  readonly response?: { readonly id?: unknown; readonly modelId?: unknown };
  readonly content?: readonly { readonly type?: unknown; readonly text?: unknown }[];
}

type Part = Result & {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly modelId?: unknown;
  readonly delta?: unknown;
  readonly error?: unknown;
};

/** Whether something is a model of the AI SDK. */
export function isAiModel(value: object): value is AiModel {
  const { modelId, doGenerate, doStream, doEmbed } = value as Partial<AiModel>;
  return typeof modelId === 'string' && [doGenerate, doStream, doEmbed].some((method) => typeof method === 'function');
}

/** Observes every call of a model, whatever function of the AI SDK makes it. */
export function observeModel(model: AiModel, observer: CallObserver, options: ObserveOptions): void {
  const begin = (operation: string, level: Level, streamed: boolean, args: readonly unknown[]): ObservedCall => {
    const { prompt } = (args[0] ?? {}) as { prompt?: unknown };
    const provider = options.provider ?? providerOf(model.provider);
    return new ObservedCall(observer, { operation, level, provider, model: model.modelId, streamed, input: prompt }, options);
  };
  const { doGenerate, doStream, doEmbed } = model;
  if (doGenerate !== undefined) {
    model.doGenerate = (...args) => observed(begin('chat', 'inference', false, args), () => doGenerate.apply(model, args), readResult);
  }
  if (doEmbed !== undefined) {
    model.doEmbed = (...args) => observed(begin('embeddings', 'embeddings', false, args), () => doEmbed.apply(model, args), readResult);
  }
  if (doStream !== undefined) {
    model.doStream = async (...args) => {
      const call = begin('chat', 'inference', true, args);
      try {
        const result = (await call.run(() => doStream.apply(model, args))) as { stream: ReadableStream<Part> };
        return { ...result, stream: observeParts(result.stream, call) };
      } catch (error) {
        call.fail(error);
        throw error;
      }
    };
  }
}

async function observed(
  call: ObservedCall,
  work: () => PromiseLike<unknown>,
  read: (result: Result, call: ObservedCall) => void,
): Promise<unknown> {
  try {
    const result = await call.run(work);
    call.read(() => read(result as Result, call));
    call.succeed();
    return result;
  } catch (error) {
    call.fail(error);
    throw error;
  }
}

function observeParts(stream: ReadableStream<Part>, call: ObservedCall): ReadableStream<Part> {
  const reader = stream.getReader();
  return new ReadableStream<Part>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            call.succeed();
            controller.close();
            return;
          }
          call.read(() => readPart(value, call));
          controller.enqueue(value);
        } catch (error) {
          call.fail(error);
          controller.error(error);
        }
      },
      cancel(reason) {
        call.abandon();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function readPart(part: Part, call: ObservedCall): void {
  switch (part.type) {
    case 'stream-start':
      return;
    case 'response-metadata':
      return readResponse(part, call);
    case 'finish':
      return readResult(part, call);
    case 'error':
      return call.fail(part.error);
    default:
      call.chunk();
      if (call.output !== undefined && part.type === 'text-delta' && typeof part.delta === 'string') call.output += part.delta;
  }
}

function readResult(result: Result, call: ObservedCall): void {
  readResponse(result.response ?? {}, call);
  const { usage, finishReason: reason, content } = result;
  const unified = (reason as { unified?: unknown } | undefined)?.unified ?? reason;
  if (typeof unified === 'string') call.finishReasons = [unified];
  readAiUsage(usage, call);
  if (call.output !== undefined) for (const { text } of content ?? []) if (typeof text === 'string') call.output += text;
}

function readResponse({ id, modelId }: { readonly id?: unknown; readonly modelId?: unknown }, call: ObservedCall): void {
  if (typeof id === 'string') call.responseId = id;
  if (typeof modelId === 'string') call.call.responseModel = modelId;
}

/** The AI SDK's own words for usage: since version 6 `inputTokens` and `outputTokens` are taken apart, in 5 they are sums; embeddings have `tokens`. */
function readAiUsage(told: unknown, { call: { usage } }: ObservedCall): void {
  if (typeof told !== 'object' || told === null) return;
  const all = told as Readonly<Record<string, unknown>>;
  const number = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0);
  const input = (typeof all['inputTokens'] === 'object' && all['inputTokens'] !== null ? all['inputTokens'] : undefined) as
    | Readonly<Record<string, unknown>>
    | undefined;
  const output = (typeof all['outputTokens'] === 'object' && all['outputTokens'] !== null ? all['outputTokens'] : undefined) as
    | Readonly<Record<string, unknown>>
    | undefined;
  const totals = [input?.['total'] ?? all['inputTokens'] ?? all['tokens'], output?.['total'] ?? all['outputTokens']];
  if (!totals.some((total) => typeof total === 'number')) return;
  const [inputTotal, outputTotal] = totals.map(number) as [number, number];
  const read = Math.min(number(input?.['cacheRead'] ?? all['cachedInputTokens']), inputTotal);
  const written = Math.min(number(input?.['cacheWrite']), inputTotal - read);
  const reasoning = Math.min(number(output?.['reasoning'] ?? all['reasoningTokens']), outputTotal);
  usage.clear();
  usage.known = true;
  const cacheWrites = cacheTimes(all['raw'], written);
  usage.set('input', inputTotal - read - written);
  usage.set('cache_read', read);
  for (const [kind, tokens] of cacheWrites) usage.set(kind, tokens);
  usage.set('output', outputTotal - reasoning);
  usage.set('reasoning', reasoning);
}

/** How long what was written to the cache lives, where the vendor's own usage tells it. */
function cacheTimes(raw: unknown, written: number): readonly (readonly ['cache_write' | 'cache_write_5m' | 'cache_write_1h', number])[] {
  const times = (raw as { cache_creation?: Readonly<Record<string, unknown>> | null } | undefined)?.cache_creation;
  const [short, long] = [times?.['ephemeral_5m_input_tokens'], times?.['ephemeral_1h_input_tokens']];
  if (typeof short === 'number' && typeof long === 'number' && short + long === written) {
    return [
      ['cache_write_5m', short],
      ['cache_write_1h', long],
    ];
  }
  return [['cache_write', written]];
}

/** Providers of the AI SDK call themselves `openai.chat`, `anthropic.messages`, `google.generative-ai`, ... */
function providerOf(name: unknown): string {
  const text = typeof name === 'string' ? name : '';
  const known = aiProviders.find(([prefix]) => text === prefix || text.startsWith(`${prefix}.`));
  return known?.[1] ?? text.split('.')[0]!;
}

const aiProviders: readonly (readonly [string, string])[] = [
  ['openai', 'openai'],
  ['azure', 'azure.ai.openai'],
  ['azure-openai', 'azure.ai.openai'],
  ['anthropic', 'anthropic'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['bedrock', 'aws.bedrock'],
  ['google.vertex', 'gcp.vertex_ai'],
  ['google', 'gcp.gemini'],
  ['vertex', 'gcp.vertex_ai'],
  ['mistral', 'mistral_ai'],
  ['cohere', 'cohere'],
  ['groq', 'groq'],
  ['xai', 'x_ai'],
  ['deepseek', 'deepseek'],
  ['perplexity', 'perplexity'],
];
