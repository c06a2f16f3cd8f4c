import { Readable, pipeline } from 'node:stream';
import type { QueryErrorType } from '@millrace/promql';
import { httpReply } from '@millrace/transport';
import type { HttpExchange } from '@millrace/transport';

const json = 'application/json';
/** Longer answers are sent in pieces, as fast as the client reads. */
const pieceLength = 1 << 20;

const statuses: Readonly<Record<QueryErrorType | 'not_acceptable', number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  not_acceptable: 406,
};

/** What may be said about an answer. */
export interface Notes {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Answers as Prometheus's API does, with data that is JSON already. */
export function answerJson(exchange: HttpExchange, data: Iterable<string>, { warnings = [], infos = [] }: Notes = {}): void {
  const pieces = piecesOf(data, warnings, infos);
  const first = pieces.next();
  const second = pieces.next();
  if (second.done === true) {
    exchange.reply(httpReply(200, json, first.value ?? ''));
    return;
  }
  const out = exchange.replyInPieces(200, ['Content-Type', json]);
  if (out === undefined) return;
  const all = (function* (): Generator<string> {
    yield first.value as string;
    yield second.value as string;
    yield* pieces;
  })();
  // A client that has gone away needs no answer.
  pipeline(Readable.from(all), out, () => undefined);
}

function* piecesOf(data: Iterable<string>, warnings: readonly string[], infos: readonly string[]): Generator<string> {
  let piece = '{"status":"success","data":';
  for (const chunk of data) {
    piece += chunk;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  if (warnings.length > 0) piece += `,"warnings":${JSON.stringify(warnings)}`;
  if (infos.length > 0) piece += `,"infos":${JSON.stringify(infos)}`;
  yield `${piece}}`;
}

/** Answers with an error as Prometheus's API does. */
export function answerError(exchange: HttpExchange, type: keyof typeof statuses, message: string): void {
  exchange.reply(httpReply(statuses[type], json, JSON.stringify({ status: 'error', errorType: type, error: message })));
}
