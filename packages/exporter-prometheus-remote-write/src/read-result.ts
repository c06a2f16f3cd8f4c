import { type Clock, PipelineError } from '@millrace/api';
import { type HttpResponse, readRetryAfter } from '@millrace/transport';

/** How a request ended: with an error, or with items that were not taken all the same. */
export interface RequestResult {
  readonly error?: PipelineError;
  /** The destination takes no request of this size. */
  readonly isTooLarge?: boolean;
  /** Samples and histograms that were not written; NaN when the destination does not say. */
  readonly missing?: number;
  readonly message?: string;
}

/** What a destination of version 2 says that it wrote; NaN for what it does not say. */
export interface Written {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

/** Reads the `X-Prometheus-Remote-Write-*-Written` headers. */
export function readWritten({ headers }: HttpResponse): Written {
  const read = (what: string): number => {
    const text = headers[`x-prometheus-remote-write-${what}-written`];
    return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  return { samples: read('samples'), histograms: read('histograms'), exemplars: read('exemplars') };
}

/** The most of an explanation that is passed on. */
const maxExplanation = 1024;

/** What a response means for a request. `sent` is what it had, when the destination should say what it wrote of that. */
export function readResult(
  response: HttpResponse,
  clock: Clock,
  sent: { readonly samples: number; readonly histograms: number } | undefined,
): RequestResult {
  const { status } = response;
  const explanation = response.body.subarray(0, maxExplanation).toString().trim();
  const written = sent === undefined ? undefined : readWritten(response);
  const missing = written === undefined ? 0 : sent!.samples + sent!.histograms - written.samples - written.histograms;
  if (status >= 200 && status <= 299) return { missing, message: explanation };
  const isRetryable = status === 429 || (status >= 500 && status <= 599);
  const message = `remote write request failed: status code ${status}${explanation === '' ? '' : `: ${explanation}`}`;
  // A destination of version 2 can refuse a request and keep a part of it.
  if (!isRetryable && written !== undefined && written.samples + written.histograms > 0) return { missing, message };
  const retryAfterMs = isRetryable ? readRetryAfter(response.headers['retry-after'], clock) : undefined;
  const error = new PipelineError(message, {
    kind: isRetryable ? 'retryable' : 'permanent',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  return { error, isTooLarge: status === 413 };
}
