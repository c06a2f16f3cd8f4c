import type { Plain } from '@millrace/wire';

const ok = 1;
const error = 2;

/** Finds the status of a v1 span among its attributes: OpenCensus' tags first, then OpenTelemetry's, `error`, and the HTTP status. */
export class V1Status {
  #census: number | undefined;
  #censusMessage = '';
  #stated: number | undefined;
  #statedMessage = '';
  #http: number | undefined;
  #httpMessage = '';
  #isError = false;

  /** Looks at an attribute; true when it tells the status and nothing else. */
  takes(name: string, value: Plain): boolean {
    switch (name) {
      case 'census.status_code': {
        const code = integer(value);
        if (code !== undefined) this.#census = code === 0 ? ok : error;
        return true;
      }
      case 'census.status_description':
      case 'opencensus.status_description':
        this.#censusMessage = text(value);
        return true;
      case 'otel.status_code':
        this.#stated = integer(value) ?? this.#stated;
        return true;
      case 'otel.status_description':
        this.#statedMessage = text(value);
        return true;
      case 'http.status_code':
      case 'http.response.status_code': {
        const code = integer(value);
        if (code !== undefined) this.#http = code >= 100 && code < 400 ? 0 : error;
        return false;
      }
      case 'http.status_message':
        this.#httpMessage = text(value);
        return false;
      case 'error':
        this.#isError = true;
        return true;
      default:
        return false;
    }
  }

  /** The status; undefined when nothing tells it. */
  result(): { code: number; message: string } | undefined {
    if (this.#census !== undefined) return { code: this.#census, message: this.#censusMessage };
    if (this.#stated !== undefined) return { code: this.#stated, message: this.#statedMessage };
    if (this.#isError) return { code: error, message: this.#censusMessage || this.#statedMessage };
    return this.#http === undefined ? undefined : { code: this.#http, message: this.#httpMessage };
  }
}

function text(value: Plain): string {
  return typeof value === 'string' ? value : '';
}

/** An integer of 32 bits, also as text. */
function integer(value: Plain): number | undefined {
  if (typeof value !== 'bigint' && !(typeof value === 'string' && /^[+-]?\d{1,19}$/.test(value))) return undefined;
  const number = Number(value);
  return number >= -(2 ** 31) && number < 2 ** 31 ? number : undefined;
}
