import { Call, readUsage, readUsageBody } from '@millrace/genai';
import { takeCall } from '../recording/spare-calls.ts';
import { OwnSpan } from '../tracing/own-span.ts';
import type { TracedSpan, Tracing } from '../tracing/tracing.ts';

/** What an observed call is told about besides what the vendor's library sees. */
export interface ObserveOptions {
  /** `gen_ai.provider.name`; default: what the client's class and address say. */
  readonly provider?: string;
  /** Who and what the calls are for. */
  readonly user?: string;
  readonly team?: string;
  readonly apiKeyId?: string;
  readonly task?: string;
  readonly conversation?: string;
  /** `keep`: prompts and answers become attributes of the spans. Default `drop`: they are not even read. */
  readonly content?: 'keep' | 'drop';
}

/** Where observed calls go. */
export interface CallObserver {
  readonly tracing: Tracing;
  /** Whether spans go anywhere. */
  traced(): boolean;
  /** Takes a call that has ended, for good. */
  record(call: Call, at: { readonly unixMs: number; readonly durationMs: number }): void;
  /** A span of a call began or ended: other instrumentations below it tell of the same call. */
  began(span: TracedSpan): void;
  /** Something here went wrong; the application's call did not. */
  failed(error: unknown): void;
}

/** What is known of a call before it begins. */
export interface CallStart {
  readonly operation: string;
  readonly level: Call['level'];
  readonly provider: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly serverAddress?: string;
  /** NaN when it is not known. */
  readonly serverPort?: number;
  /** The prompt, when contents are kept. */
  readonly input?: unknown;
}

const asClient = { kind: 'client' } as const;

/** What a call that has ended is told after all. */
const ignored = new Call();

/** One call of a model, from its beginning to its only end: `succeed`, `fail` or `abandon`. Nothing here throws. */
export class ObservedCall {
  /** As far as it is known; whatever it is told after its end goes nowhere. */
  call: Call = takeCall();
  /** Whatever the dialect's reader keeps between the chunks of a stream. */
  usageBody: Record<string, unknown> | undefined;
  finishReasons: readonly string[] = [];
  responseId = '';
  /** The answer's text so far; only when contents are kept. */
  output: string | undefined;
  readonly #observer: CallObserver;
  readonly #span: TracedSpan | undefined;
  readonly #startMs: number = performance.now();
  #ended = false;

  constructor(observer: CallObserver, start: CallStart, options: ObserveOptions) {
    this.#observer = observer;
    const { call } = this;
    call.dialect = 'api';
    call.level = start.level;
    call.operation = start.operation;
    call.provider = start.provider;
    call.requestModel = start.model;
    call.streamed = start.streamed;
    call.user = options.user ?? '';
    call.team = options.team ?? '';
    call.apiKeyId = options.apiKeyId ?? '';
    call.task = options.task ?? '';
    call.conversation = options.conversation ?? '';
    call.serverAddress = start.serverAddress ?? '';
    call.serverPort = start.serverPort ?? Number.NaN;
    if (options.content === 'keep') this.output = '';
    const name = start.model === '' ? start.operation : `${start.operation} ${start.model}`;
    let span: TracedSpan | undefined;
    try {
      if (observer.traced()) {
        span = observer.tracing.start(name, asClient, startAttributes(call, start, options));
        observer.began(span);
      }
    } catch (error) {
      observer.failed(error);
    }
    this.#span = span;
  }

  /** Does the call itself, with its span as the active one. What `work` throws is thrown. */
  run<T>(work: () => T): T {
    const span = this.#span;
    return span === undefined ? work() : this.#observer.tracing.run(span, work);
  }

  /** The first part of a streamed answer has come. */
  chunk(): void {
    if (Number.isNaN(this.call.timeToFirstChunk)) this.call.timeToFirstChunk = (performance.now() - this.#startMs) / 1000;
  }

  /** Lets a dialect's reader look at an answer or chunk; its failure is the observation's, not the call's. */
  read(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#observer.failed(error);
    }
  }

  /** The usage as the vendor tells it; what a later chunk tells counts. */
  usage(body: unknown): void {
    if (typeof body !== 'object' || body === null) return;
    const { provider, usage } = this.call;
    if (!readUsage(body as Readonly<Record<string, unknown>>, provider, usage)) readUsageBody(body, provider, usage);
  }

  /** The call ended well. */
  succeed(): void {
    this.call.usageMissing = !this.call.usage.known;
    this.#end();
  }

  /** The call failed with an error, which the application gets. */
  fail(error: unknown): void {
    this.read(() => (this.call.errorType = errorTypeOf(error)));
    this.#end();
  }

  /** The application lost interest before the answer was complete: it is neither a failure nor said to lack usage. */
  abandon(): void {
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { call } = this;
    try {
      const durationMs = performance.now() - this.#startMs;
      const span = this.#span;
      if (span !== undefined) {
        if (span instanceof OwnSpan) addEndAttributes(this, span.attributes);
        else {
          const attributes = {};
          addEndAttributes(this, attributes);
          span.setAttributes(attributes);
        }
        if (call.errorType !== '') span.setStatus({ code: 2 });
        span.end();
      }
      this.#observer.record(call, { unixMs: Date.now(), durationMs });
    } catch (error) {
      this.#observer.failed(error);
    }
    this.call = ignored;
  }
}

/** `error.type`: the status that the vendor answered with, else the class of the error. */
function errorTypeOf(error: unknown): string {
  const { status, statusCode, name } = Object(error) as { status?: unknown; statusCode?: unknown; name?: unknown };
  const code = status ?? statusCode;
  if (typeof code === 'number') return String(code);
  const className = (error as object | undefined)?.constructor?.name;
  if (className !== undefined && className !== 'Error' && className !== 'Object') return className;
  return typeof name === 'string' && name !== '' ? name : '_OTHER';
}

function startAttributes(call: Call, { input }: CallStart, { content }: ObserveOptions): Record<string, unknown> {
  const attributes: Record<string, unknown> = { 'gen_ai.operation.name': call.operation, 'gen_ai.provider.name': call.provider };
  if (call.requestModel !== '') attributes['gen_ai.request.model'] = call.requestModel;
  if (call.streamed) attributes['gen_ai.request.stream'] = true;
  if (call.conversation !== '') attributes['gen_ai.conversation.id'] = call.conversation;
  if (call.user !== '') attributes['user.id'] = call.user;
  if (call.team !== '') attributes['millrace.team'] = call.team;
  if (call.apiKeyId !== '') attributes['millrace.api_key.id'] = call.apiKeyId;
  if (call.task !== '') attributes['millrace.task_type'] = call.task;
  if (call.serverAddress !== '') attributes['server.address'] = call.serverAddress;
  if (!Number.isNaN(call.serverPort)) attributes['server.port'] = call.serverPort;
  if (content === 'keep' && input !== undefined) attributes['gen_ai.input.messages'] = JSON.stringify(input);
  return attributes;
}

function addEndAttributes({ call, responseId, finishReasons, output }: ObservedCall, attributes: Record<string, unknown>): void {
  const { usage } = call;
  if (call.responseModel !== '') attributes['gen_ai.response.model'] = call.responseModel;
  if (responseId !== '') attributes['gen_ai.response.id'] = responseId;
  if (finishReasons.length > 0) attributes['gen_ai.response.finish_reasons'] = finishReasons;
  if (call.serviceTier !== '') attributes['openai.response.service_tier'] = call.serviceTier;
  if (!Number.isNaN(call.timeToFirstChunk)) attributes['gen_ai.response.time_to_first_chunk'] = call.timeToFirstChunk;
  if (call.errorType !== '') attributes['error.type'] = call.errorType;
  if (usage.known) {
    attributes['gen_ai.usage.input_tokens'] = usage.inputTokens;
    attributes['gen_ai.usage.output_tokens'] = usage.outputTokens;
    const read = usage.get('cache_read') + usage.get('cache_read_audio') + usage.get('cache_read_image') + usage.get('cache_read_video');
    if (read > 0) attributes['gen_ai.usage.cache_read.input_tokens'] = read;
    const written = usage.get('cache_write') + usage.get('cache_write_5m') + usage.get('cache_write_1h');
    if (written > 0) attributes['gen_ai.usage.cache_creation.input_tokens'] = written;
    if (usage.get('reasoning') > 0) attributes['gen_ai.usage.reasoning.output_tokens'] = usage.get('reasoning');
  }
  if (output !== undefined && output !== '') {
    const finish = finishReasons[0] ?? '';
    attributes['gen_ai.output.messages'] = JSON.stringify([
      { role: 'assistant', parts: [{ type: 'text', content: output }], finish_reason: finish },
    ]);
  }
}
