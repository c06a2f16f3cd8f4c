import { chargedUsd } from './price.ts';
import { Random } from './random.ts';
import type { Attempt, DemoRequest } from './traffic.ts';

type AnyValue = { stringValue: string } | { intValue: string } | { doubleValue: number } | { boolValue: boolean };
interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** A span as OTLP/JSON has it. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events?: readonly { readonly timeUnixNano: string; readonly name: string; readonly attributes: readonly KeyValue[] }[];
  readonly status?: { readonly code: number };
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const [internal, server, client] = [1, 2, 3];
const failed = 2;
const evaluationName = 'helpfulness';

/**
 * The spans of a request: that of the HTTP server, one for each look into the cache that
 * found nothing, and for each call of a model or answer of the cache in its place. The calls are described as three
 * instrumentations in use describe them: those of OpenAI in OpenTelemetry's words of 1.37, those of Anthropic in OpenInference's, those of Gemini
 * in OpenTelemetry's of 1.36.
 */
export function spansOf(request: DemoRequest): OtlpSpan[] {
  const { traceId, task, user, team, attempts, cache, answeredByCache } = request;
  const ids = new Random(traceId, 'spans');
  const root = ids.hex(16);
  const who: Attributes = { 'user.id': user, 'millrace.team': team, 'millrace.task_type': task.name };
  const last = attempts.at(-1)!;
  const endMs = answeredByCache ? last.startMs : last.startMs + last.durationMs;
  const status = last.errorType === '' ? 200 : 502;
  const spans: OtlpSpan[] = [
    {
      traceId,
      spanId: root,
      name: 'POST /api/llm',
      kind: server,
      startTimeUnixNano: nanos(request.unixMs),
      endTimeUnixNano: nanos(endMs + 2),
      attributes: keyValues({
        'http.request.method': 'POST',
        'http.route': '/api/llm',
        'http.response.status_code': status,
        ...(status !== 200 && { 'error.type': String(status) }),
        ...who,
      }),
      ...(status !== 200 && { status: { code: failed } }),
    },
  ];
  let atMs = request.unixMs;
  for (const { tier, hit, latencyMs } of cache) {
    // What the cache had is told by the call that it answered, which the vendor charged nothing for.
    const asked: Attributes = hit ? { ...describe(request, { ...last, charged: undefined }), ...who } : {};
    spans.push({
      traceId,
      spanId: ids.hex(16),
      parentSpanId: root,
      name: hit ? `${task.operation} ${last.model.name}` : 'cache lookup',
      kind: internal,
      startTimeUnixNano: nanos(atMs),
      endTimeUnixNano: nanos((atMs += latencyMs)),
      attributes: keyValues({ ...asked, 'millrace.cache.tier': tier, 'millrace.cache.result': hit ? 'hit' : 'miss' }),
    });
  }
  for (const attempt of answeredByCache ? [] : attempts) {
    const judged = attempt === last && request.quality !== undefined;
    const end = nanos(attempt.startMs + attempt.durationMs);
    spans.push({
      traceId,
      spanId: ids.hex(16),
      parentSpanId: root,
      name: `${task.operation} ${attempt.model.name}`,
      kind: client,
      startTimeUnixNano: nanos(attempt.startMs),
      endTimeUnixNano: end,
      attributes: keyValues({ ...describe(request, attempt), ...who }),
      ...(judged && {
        events: [
          {
            timeUnixNano: end,
            name: 'gen_ai.evaluation.result',
            attributes: keyValues({ 'gen_ai.evaluation.name': evaluationName, 'gen_ai.evaluation.score.value': request.quality }),
          },
        ],
      }),
      ...(attempt.errorType !== '' && { status: { code: failed } }),
    });
  }
  return spans;
}

/** The OTLP/JSON request with the spans of some requests, under a resource for each version of the application. */
export function exportRequest(requests: Iterable<DemoRequest>): { resourceSpans: object[] } {
  const byVersion = new Map<string, OtlpSpan[]>();
  for (const request of requests) {
    let spans = byVersion.get(request.version);
    if (spans === undefined) byVersion.set(request.version, (spans = []));
    spans.push(...spansOf(request));
  }
  return {
    resourceSpans: [...byVersion].map(([version, spans]) => ({
      resource: { attributes: keyValues({ 'service.name': 'demo', 'service.version': version }) },
      scopeSpans: [{ scope: { name: '@millrace/demo' }, spans }],
    })),
  };
}

const endpoints: Readonly<Record<string, string>> = {
  openai: 'api.openai.example',
  anthropic: 'api.anthropic.example',
  'gcp.gemini': 'gemini.example',
};

function describe(request: DemoRequest, attempt: Attempt): Attributes {
  const { model } = attempt;
  const error = attempt.errorType === '' ? undefined : attempt.errorType;
  const common: Attributes = {
    'server.address': endpoints[model.provider],
    'server.port': 443,
    'error.type': error,
    'millrace.retry.reason': attempt.reason === 'first' ? undefined : attempt.reason,
  };
  switch (model.provider) {
    case 'anthropic':
      return error === undefined ? { ...common, ...openInference(request, attempt) } : { ...common, ...openInferenceError(attempt) };
    case 'gcp.gemini':
      return { ...common, ...semconv136(request, attempt) };
    default:
      return { ...common, ...semconv137(request, attempt) };
  }
}

function semconv137({ task, streamed }: DemoRequest, attempt: Attempt): Attributes {
  const { model, input, cacheRead, output, errorType } = attempt;
  const ended = errorType === '';
  const charged = chargedUsd(attempt);
  return {
    'gen_ai.usage.cost.amount': charged === undefined ? undefined : Number(charged),
    'gen_ai.usage.cost.currency': charged === undefined ? undefined : 'USD',
    'gen_ai.usage.cost.source': charged === undefined ? undefined : 'provider',
    'gen_ai.operation.name': task.operation,
    'gen_ai.provider.name': model.provider,
    'gen_ai.request.model': model.name,
    'gen_ai.request.stream': streamed ? true : undefined,
    'gen_ai.response.model': ended ? model.answers : undefined,
    'gen_ai.response.time_to_first_chunk': ended && streamed ? attempt.firstChunkMs / 1000 : undefined,
    'gen_ai.usage.input_tokens': ended ? input + cacheRead : undefined,
    'gen_ai.usage.output_tokens': ended && task.operation === 'chat' ? output : undefined,
    'gen_ai.usage.cache_read.input_tokens': ended && cacheRead > 0 ? cacheRead : undefined,
  };
}

function semconv136({ task, streamed, answeredByCache }: DemoRequest, attempt: Attempt): Attributes {
  const { model, input, cacheRead, output, errorType } = attempt;
  const ended = errorType === '';
  const says = ended && (attempt.saysUsage || answeredByCache);
  return {
    'gen_ai.request.stream': streamed ? true : undefined,
    'gen_ai.operation.name': task.operation,
    'gen_ai.system': model.provider,
    'gen_ai.request.model': model.name,
    'gen_ai.response.model': ended ? model.answers : undefined,
    'gen_ai.usage.input_tokens': says ? input + cacheRead : undefined,
    'gen_ai.usage.output_tokens': says ? output : undefined,
    'gen_ai.usage.cache_read.input_tokens': says && cacheRead > 0 ? cacheRead : undefined,
  };
}

function openInference(request: DemoRequest, { model, input, cacheRead, cacheWrite, output, reasoning }: Attempt): Attributes {
  return {
    'openinference.span.kind': 'LLM',
    'llm.provider': model.provider,
    'llm.request.model_name': model.name,
    'llm.model_name': model.answers,
    'llm.token_count.prompt': input + cacheRead + cacheWrite,
    'llm.token_count.completion': output + reasoning,
    'llm.token_count.completion_details.reasoning': reasoning > 0 ? reasoning : undefined,
    'llm.token_count.total': input + cacheRead + cacheWrite + output + reasoning,
    'llm.token_count.prompt_details.cache_read': cacheRead > 0 ? cacheRead : undefined,
    'llm.token_count.prompt_details.cache_write': cacheWrite > 0 ? cacheWrite : undefined,
    'session.id': request.user,
  };
}

function openInferenceError({ model }: Attempt): Attributes {
  return { 'openinference.span.kind': 'LLM', 'llm.provider': model.provider, 'llm.request.model_name': model.name };
}

function keyValues(attributes: Attributes): KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: anyValue(value) }]));
}

function anyValue(value: string | number | boolean): AnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

function nanos(unixMs: number): string {
  const whole = Math.floor(unixMs);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((unixMs - whole) * 1e6)));
}
