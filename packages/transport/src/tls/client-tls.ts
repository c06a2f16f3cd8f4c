import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import type { ClientTlsConfig } from './tls-config.ts';
import { type TlsContext, TlsMaterial } from './tls-material.ts';

/** TLS of one client. */
export interface ClientTls {
  /** What the next connection is made with; the same object until something changes. */
  connectionOptions(): ConnectionOptions;
  /** Stops watching the files. */
  close(): void;
}

/** Loads a client's `tls` section. Throws in the Collector's words when a file cannot be read or its contents do not fit. */
export function createClientTls(config: ClientTlsConfig, context: TlsContext): ClientTls {
  const material = new TlsMaterial(config, context);
  let current: ConnectionOptions | undefined;
  material.watch(() => (current = undefined));
  const name = config.server_name_override ?? '';
  const identity: ConnectionOptions =
    name === ''
      ? {}
      : isIP(name) === 0
        ? { servername: name }
        : { checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) };
  return {
    connectionOptions: () => {
      if (current === undefined) {
        const verify = !config.insecure_skip_verify;
        const secureContext: SecureContext = createSecureContext(material.options(verify));
        current = { secureContext, rejectUnauthorized: verify, ...identity };
      }
      return current;
    },
    close: () => material.close(),
  };
}
