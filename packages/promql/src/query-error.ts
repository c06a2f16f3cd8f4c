/** Why a query has no result, as Prometheus's API names it: wrong (`bad_data`), failed while it ran, out of time, or given up by the asker. */
export type QueryErrorType = 'bad_data' | 'execution' | 'timeout' | 'canceled' | 'internal';

/** A query that has no result. The message is worded as Prometheus words it. */
export class QueryError extends Error {
  readonly type: QueryErrorType;

  constructor(type: QueryErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'QueryError';
    this.type = type;
  }
}

/** `line:column` of an index into a text, both from 1 on. */
export function positionText(query: string, index: number): string {
  const before = query.slice(0, index);
  const lines = before.split('\n');
  return `${lines.length}:${index - (before.lastIndexOf('\n') + 1) + 1}`;
}

/** A query that is no valid PromQL: `1:5: parse error: ...`. */
export class ParseError extends QueryError {
  /** Index into the query, in UTF-16 units. */
  readonly index: number;

  constructor(query: string, index: number, message: string) {
    super('bad_data', `${positionText(query, index)}: parse error: ${message}`);
    this.name = 'ParseError';
    this.index = index;
  }
}
