import type { Plain } from '@millrace/wire';

/** The tags of a span, as far as OTLP has fields for them. Names are ASCII. */
export interface Tags {
  isTrue(name: string): boolean;
  /** Undefined when there is no such tag, '' when it is no text. */
  text(name: string): string | undefined;
  /** Undefined when there is no such tag or it is no integer. */
  integer(name: string): number | undefined;
  remove(name: string): void;
}

/** Tags in an object. */
export class PlainTags implements Tags {
  readonly #tags: Record<string, Plain>;

  constructor(tags: Record<string, Plain>) {
    this.#tags = tags;
  }

  isTrue(name: string): boolean {
    return this.#tags[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#tags[name];
    return typeof value === 'string' ? value : name in this.#tags ? '' : undefined;
  }

  integer(name: string): number | undefined {
    const value = this.#tags[name];
    return typeof value === 'bigint' ? Number(value) : undefined;
  }

  remove(name: string): void {
    delete this.#tags[name];
  }
}

/** An OTLP status: 1 is ok, 2 is error. */
export interface SpanStatus {
  readonly code: number;
  readonly message: string;
}

const server = 2;
const client = 3;
const ok = 1;
const error = 2;

/** Removes a tag and returns its text: undefined when there is none, '' when it is no text. */
export function takeText(tags: Tags, name: string): string | undefined {
  const text = tags.text(name);
  if (text !== undefined) tags.remove(name);
  return text;
}

/**
 * The status that the tags of a span tell: `error: true` first, else `otel.status_code`, else `http.status_code`. Removes the tags that
 * say nothing more. Undefined: the tags say nothing about it.
 */
export function setSpanStatus(tags: Tags, kind: number): SpanStatus | undefined {
  if (tags.isTrue('error')) {
    tags.remove('error');
    const message = takeText(tags, 'otel.status_description') ?? tags.text('http.status_message') ?? '';
    tags.remove('otel.status_code');
    return { code: error, message };
  }
  const statusCode = takeText(tags, 'otel.status_code');
  if (statusCode !== undefined) {
    const code = statusCode.toUpperCase();
    return { code: code === 'OK' ? ok : code === 'ERROR' ? error : 0, message: takeText(tags, 'otel.status_description') ?? '' };
  }
  const httpStatus = tags.integer('http.status_code') ?? integerOf(tags.text('http.status_code'));
  if (httpStatus === undefined || !isFailure(httpStatus, kind)) return undefined;
  return { code: error, message: tags.text('http.status_message') ?? '' };
}

function integerOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

/** 4xx is the fault of the client: of a server's span it says nothing (semantic conventions for HTTP spans). */
function isFailure(httpStatus: number, kind: number): boolean {
  if (httpStatus >= 400 && httpStatus < 500 && (kind === client || kind === server)) return kind === client;
  return !(httpStatus >= 100 && httpStatus < 400);
}
