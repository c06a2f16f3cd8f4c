import type { Context } from '@millrace/api';

/** Why a server turned somebody away before a component saw the request. */
export type RefusalReason =
  | 'plaintext'
  | 'client_certificate'
  | 'tls_handshake'
  | 'unauthenticated'
  | 'malformed'
  | 'headers_too_large'
  | 'timeout';

/** A reason is logged once in this time; the line tells how many more there were. */
const quietMs = 60_000;

/** Counts and logs whom a server turns away; made once per server. */
export interface Refusals {
  /** `detail` says what was wrong, without secrets. */
  count(reason: RefusalReason, address: string | undefined, detail: string): void;
}

/**
 * Counts in `server_refused_requests`, with the component, the protocol and the reason as attributes, and logs the first of each reason in a
 * minute, so that neither an attack nor a broken client fills the log.
 */
export function createRefusals(context: Pick<Context, 'meter' | 'logger' | 'clock' | 'kind' | 'id'>, transport: 'http' | 'grpc'): Refusals {
  const counter = context.meter.createCounter('server_refused_requests', {
    description: 'Connections and requests that were turned away before anything was received from them.',
    unit: '{requests}',
  });
  const logged = new Map<RefusalReason, { untilMs: number; unlogged: number }>();
  return {
    count: (reason, address, detail) => {
      counter.add(1, { [context.kind]: context.id, transport, reason });
      const nowMs = context.clock.now();
      const known = logged.get(reason);
      if (known !== undefined && nowMs < known.untilMs) {
        known.unlogged++;
        return;
      }
      logged.set(reason, { untilMs: nowMs + quietMs, unlogged: 0 });
      context.logger.warn('Refused a client', {
        transport,
        reason,
        detail,
        ...(address === undefined ? {} : { client: address }),
        ...(known === undefined || known.unlogged === 0 ? {} : { unlogged: known.unlogged }),
      });
    },
  };
}
