import { type Clock, PipelineError } from '@millrace/api';
import type { Payload } from '@millrace/datadog-format';
import type { PushResult } from '@millrace/exporter-helper';
import { type HttpClient, type HttpResponse, readRetryAfter } from '@millrace/transport';

/** A body and where it goes. */
export interface Parcel {
  readonly payload: Payload;
  readonly client: HttpClient;
  readonly url: string;
}

/**
 * The bodies that one batch became, on their way: what was taken is not sent again when the batch is. A body that is too large is sent in
 * halves; what is refused for good is counted.
 */
export class Delivery {
  readonly #clock: Clock;
  readonly #parcels: Parcel[];
  #taken = 0;
  #rejected: number;
  #message: string;

  /** `rejected` are items that could not be converted, and `message` says why. */
  constructor(parcels: readonly Parcel[], clock: Clock, rejected = 0, message = '') {
    this.#parcels = [...parcels];
    this.#clock = clock;
    this.#rejected = rejected;
    this.#message = message;
  }

  /** Sends what is left. Throws a retryable `PipelineError` when the intake does not answer, a permanent one when it takes nothing. */
  async send(signal: AbortSignal): Promise<PushResult> {
    for (let parcel = this.#parcels[0]; parcel !== undefined; [parcel] = this.#parcels) {
      const response = await post(parcel, signal);
      const { status } = response;
      if (status === 408 || status === 429 || status >= 500) throw this.#refusal(parcel, response, 'retryable');
      this.#parcels.shift();
      if (status >= 200 && status <= 299) this.#taken++;
      else if (status === 413 && this.#halve(parcel)) continue;
      else {
        const refusal = this.#refusal(parcel, response, 'permanent');
        if (this.#taken === 0 && this.#parcels.length === 0) throw refusal;
        this.#rejected += parcel.payload.items;
        this.#message = refusal.message;
      }
    }
    return this.#rejected === 0 ? undefined : { rejectedItems: this.#rejected, message: this.#message };
  }

  #halve({ payload, client, url }: Parcel): boolean {
    const halves = payload.halves();
    this.#parcels.unshift(...halves.map((half) => ({ payload: half, client, url })));
    return halves.length > 0;
  }

  #refusal({ url }: Parcel, response: HttpResponse, kind: 'permanent' | 'retryable'): PipelineError {
    const { status, headers, body } = response;
    const reason = status === 403 || status === 401 ? 'API Key validation failed' : body.toString().trim().slice(0, 200);
    const retryAfterMs = kind === 'retryable' ? readRetryAfter(headers['retry-after'], this.#clock) : undefined;
    return new PipelineError(`request to ${url} responded with HTTP Status Code ${status}${reason === '' ? '' : `: ${reason}`}`, {
      kind,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

async function post({ payload, client, url }: Parcel, signal: AbortSignal): Promise<HttpResponse> {
  try {
    return await client.send(payload.bytes, signal);
  } catch (error) {
    throw new PipelineError(`failed to make an HTTP request: Post ${JSON.stringify(url)}: ${(error as Error).message}`, {
      kind: 'retryable',
      cause: error,
    });
  }
}
