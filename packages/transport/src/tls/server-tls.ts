import { Server, type TlsOptions } from 'node:tls';
import type { ServerTlsConfig } from './tls-config.ts';
import { type TlsContext, TlsMaterial } from './tls-material.ts';

/** As Go's servers: a handshake that takes longer is given up. */
const handshakeTimeoutMs = 10_000;

/** TLS of one server. */
export interface ServerTls {
  /** What the server is made with. */
  readonly options: TlsOptions;
  /** Begins to watch the files: connections made after a change use what is new, those that stand are not touched. */
  keepUpToDate(server: object): void;
  close(): void;
}

/** Loads a server's `tls` section. Throws in the Collector's words when a file cannot be read or its contents do not fit. */
export function createServerTls(config: ServerTlsConfig, context: TlsContext): ServerTls {
  const material = new TlsMaterial(config, context);
  const mutual = config.client_ca_file !== undefined && config.client_ca_file !== '';
  return {
    options: {
      ...material.options(false),
      handshakeTimeout: handshakeTimeoutMs,
      ...(mutual ? { requestCert: true, rejectUnauthorized: true } : {}),
    },
    keepUpToDate: (server) => {
      if (server instanceof Server) material.watch(() => server.setSecureContext(material.options(false)));
    },
    close: () => material.close(),
  };
}
