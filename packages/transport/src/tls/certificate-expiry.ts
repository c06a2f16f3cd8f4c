import type { X509Certificate } from 'node:crypto';
import type { ObservableResult } from '@opentelemetry/api';
import type { TlsContext } from './tls-material.ts';

/** A certificate in use, and for what: `certificate`, `ca` or `client_ca`. */
export interface CertificateInUse {
  readonly usage: string;
  readonly certificate: X509Certificate;
}

/**
 * Exposes when certificates expire, as the gauge `tls_certificate_expiry_time`: seconds since the epoch, one point per use and subject; of
 * several, the earliest. A renewed certificate takes the place of the old one. The returned function ends it.
 */
export function watchExpiry(context: TlsContext, certificates: () => readonly CertificateInUse[]): () => void {
  const gauge = context.meter.createObservableGauge('tls_certificate_expiry_time', {
    description: 'When a certificate that is in use expires, in seconds since the epoch.',
    unit: 's',
  });
  const observe = (result: ObservableResult): void => {
    const earliest = new Map<string, { readonly usage: string; readonly subject: string; readonly seconds: number }>();
    for (const { usage, certificate } of certificates()) {
      const subject = certificate.subject?.replaceAll('\n', ',') ?? '';
      const seconds = Math.floor(Date.parse(certificate.validTo) / 1000);
      const known = earliest.get(`${usage} ${subject}`);
      if (known === undefined || seconds < known.seconds) earliest.set(`${usage} ${subject}`, { usage, subject, seconds });
    }
    for (const { usage, subject, seconds } of earliest.values()) {
      result.observe(seconds, { [context.kind]: context.id, usage, subject });
    }
  };
  gauge.addCallback(observe);
  return () => gauge.removeCallback(observe);
}
