import { admitJson, BufferPool, MemoryLedger, noClient, walk } from '@millrace/wire';
import { CallReader } from '../src/index.ts';
import { buckets } from './read.ts';
import type { Bill } from '../../../test/fake-vendor.ts';
import type { Loss } from '../../../test/peers/genai/instrumentations.ts';
import type { TokenKind } from '../src/index.ts';

/** What real spans say of calls, and what the vendor charged: see test/peers/genai/record.ts. */
export interface Recording {
  readonly vendor: string;
  readonly bill: readonly Bill[];
  readonly lost: readonly Omit<Loss, 'cases'>[];
  readonly request: object;
}

/** A call that counts. */
export interface Counted {
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  readonly failed: boolean;
  /** Whether a call that ended well said nothing of its usage. */
  readonly missing: boolean;
  readonly usage: Readonly<Partial<Record<TokenKind, number>>>;
}

/** The calls that count among the recorded spans, in the order they began. */
export function billed({ request }: Recording): Counted[] {
  const pool = new BufferPool(new MemoryLedger(1 << 24));
  const text = Buffer.from(JSON.stringify(request));
  const lease = pool.lease(text.length);
  text.copy(lease.buffer);
  using batch = admitJson('traces', lease, 0, text.length, noClient);
  const reader = new CallReader();
  const counted: { readonly start: bigint; readonly call: Counted }[] = [];
  const visitor = {
    onSpan: (span: Parameters<CallReader['readSpan']>[0]): void => {
      const call = reader.readSpan(span);
      // What the caller's own cache answered the vendor does not charge.
      if (!call.billed || call.cacheResult === 'hit') return;
      const { operation, provider, model, errorType, usageMissing: missing } = call;
      counted.push({
        start: span.startTimeUnixNano,
        call: { operation, provider, model, failed: errorType !== '', missing, usage: buckets(call.usage) },
      });
    },
  };
  walk([visitor], (_visitor, error) => {
    throw error;
  }).run(batch);
  return counted.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0)).map(({ call }) => call);
}

/** The calls that the vendor charged, less what the recording says in writing that its instrumentation does not tell. */
export function charged({ bill, lost }: Recording): Counted[] {
  if (lost.some(({ of }) => of === 'span')) return [];
  const told = lost.some(({ of }) => of === 'once') ? bill.flatMap((one) => [one, one]) : bill;
  return told.map((one) => {
    const isLost = (of: Loss['of']): boolean => lost.some((loss) => loss.of === of);
    const model = isLost('responseModel') || one.responseModel === '' ? one.requestModel : one.responseModel;
    const failed = one.status !== 200 || (one.scenario === 'cut' && !isLost('error'));
    const usage: Partial<Record<TokenKind, number>> = one.told === 'none' || isLost('usage') ? {} : { ...one.usage };
    for (const { of, into, tells } of lost) {
      if (!(of in usage)) continue;
      const kind = of as TokenKind;
      if (into !== undefined) usage[into] = (usage[into] ?? 0) + usage[kind]!;
      delete usage[kind];
      if (tells !== undefined) usage[kind] = tells;
    }
    return {
      operation: one.operation,
      provider: isLost('provider') ? 'gcp.gen_ai' : one.provider,
      model: isLost('maker') ? model.slice(model.indexOf('.') + 1) : model,
      failed,
      missing: !failed && Object.keys(usage).length === 0,
      usage,
    };
  });
}
