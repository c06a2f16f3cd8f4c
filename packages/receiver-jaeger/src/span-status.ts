import type { Attributes } from './jaeger-span.ts';

/** An OTLP status: 1 is ok, 2 is error. */
export interface SpanStatus {
  readonly code: number;
  readonly message: string;
}

const server = 2;
const client = 3;
const ok = 1;
const error = 2;

/**
 * The status that the tags of a span tell: `error: true` first, else `otel.status_code`, else `http.status_code`. Removes the tags that
 * say nothing more. Undefined: the tags say nothing about it.
 */
export function setSpanStatus(tags: Attributes, kind: number): SpanStatus | undefined {
  if (tags['error'] === true) {
    delete tags['error'];
    const message = takeDescription(tags) ?? textOf(tags, 'http.status_message');
    delete tags['otel.status_code'];
    return { code: error, message };
  }
  if ('otel.status_code' in tags) {
    const code = textOf(tags, 'otel.status_code').toUpperCase();
    delete tags['otel.status_code'];
    return { code: code === 'OK' ? ok : code === 'ERROR' ? error : 0, message: takeDescription(tags) ?? '' };
  }
  const httpStatus = integerOf(tags, 'http.status_code');
  if (httpStatus === undefined || !isFailure(httpStatus, kind)) return undefined;
  return { code: error, message: textOf(tags, 'http.status_message') };
}

function takeDescription(tags: Attributes): string | undefined {
  if (!('otel.status_description' in tags)) return undefined;
  const text = textOf(tags, 'otel.status_description');
  delete tags['otel.status_description'];
  return text;
}

function textOf(tags: Attributes, name: string): string {
  const value = tags[name];
  return typeof value === 'string' ? value : '';
}

function integerOf(tags: Attributes, name: string): number | undefined {
  const value = tags[name];
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : undefined;
}

/** 4xx is the fault of the client: of a server's span it says nothing (semantic conventions for HTTP spans). */
function isFailure(httpStatus: number, kind: number): boolean {
  if (httpStatus >= 400 && httpStatus < 500 && (kind === client || kind === server)) return kind === client;
  return !(httpStatus >= 100 && httpStatus < 400);
}
