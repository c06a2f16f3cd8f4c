import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

/** How a client proves and checks identities (configtls, client side). */
export interface ClientTlsOptions {
  /** Accept any certificate of the server. Default false. */
  readonly insecureSkipVerify?: boolean;
  /** A PEM file of the authorities to trust instead of the system's. Read once, when the client is made. */
  readonly caFile?: string;
  /** The name to ask for and to check the certificate against, instead of the host's. */
  readonly serverNameOverride?: string;
}

/** What `node:tls` needs to know. Throws when the file of authorities cannot be read. */
export function tlsConnectionOptions(options: ClientTlsOptions): ConnectionOptions {
  const result: ConnectionOptions = { rejectUnauthorized: options.insecureSkipVerify !== true };
  if (options.caFile !== undefined) result.ca = readAuthorities(options.caFile);
  if (options.serverNameOverride !== undefined) result.servername = options.serverNameOverride;
  return result;
}

function readAuthorities(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(
      `failed to load TLS config: failed to load CA CertPool File: failed to load cert ${file}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
