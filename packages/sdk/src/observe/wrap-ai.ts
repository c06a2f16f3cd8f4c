import type { CallObserver, ObserveOptions } from './observed-call.ts';
import { isAiModel } from './model.ts';
import { observe } from './observe.ts';

interface DefaultProvider {
  languageModel?: (id: string) => object;
  embeddingModel?: (id: string) => object;
  textEmbeddingModel?: (id: string) => object;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Functions of `ai` that take a `model`, by what resolves the name of one. */
const functions: Readonly<Record<string, 'languageModel' | 'embeddingModel'>> = {
  generateText: 'languageModel',
  streamText: 'languageModel',
  generateObject: 'languageModel',
  streamObject: 'languageModel',
  embed: 'embeddingModel',
  embedMany: 'embeddingModel',
};

/**
 * The functions of the AI SDK (`import * as ai from 'ai'`), whose models are observed: every call that they make of one is a call, so a
 * `generateText` with tools is several. A model that is given by its name is resolved as `ai` does. Everything else is as in `ai`.
 */
export function wrapAI<T extends object>(ai: T, observer: CallObserver, options: ObserveOptions = {}): T {
  const wrapped = { ...ai } as Record<string, unknown>;
  for (const [name, kind] of Object.entries(functions)) {
    const original = wrapped[name];
    if (typeof original !== 'function') continue;
    wrapped[name] = function (this: unknown, ...args: unknown[]) {
      const [first, ...rest] = args;
      return (original as AnyFunction).call(this, withModel(first, kind, ai, observer, options), ...rest);
    };
  }
  return wrapped as T;
}

function withModel(
  params: unknown,
  kind: 'languageModel' | 'embeddingModel',
  ai: object,
  observer: CallObserver,
  options: ObserveOptions,
): unknown {
  try {
    const { model } = params as { readonly model?: unknown };
    const found = typeof model === 'string' ? resolve(model, kind, ai) : model;
    if (typeof found !== 'object' || found === null || !isAiModel(found)) return params;
    return { ...(params as object), model: observe(found, observer, options) };
  } catch (error) {
    observer.failed(error);
    return params;
  }
}

function resolve(id: string, kind: 'languageModel' | 'embeddingModel', ai: object): object | undefined {
  const { AI_SDK_DEFAULT_PROVIDER: provider = (ai as { gateway?: DefaultProvider }).gateway } = globalThis as {
    AI_SDK_DEFAULT_PROVIDER?: DefaultProvider;
  };
  return kind === 'languageModel' ? provider?.languageModel?.(id) : (provider?.embeddingModel ?? provider?.textEmbeddingModel)?.(id);
}
