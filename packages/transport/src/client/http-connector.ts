import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { buildConnector as Connectors } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import type { ClientTls } from '../tls/client-tls.ts';
import { openTunnel } from './proxy.ts';

/** As Go's default dialer. */
const connectTimeoutMs = 30_000;

/** Makes the connections of an HTTP client: by TLS as it is set up at that moment, and through the proxy's tunnel when one is given. */
export function createConnector(tls: ClientTls | undefined, tunnel: URL | undefined): Connectors.connector {
  let made: ConnectionOptions | undefined;
  let connect: Connectors.connector | undefined;
  const current = (): Connectors.connector => {
    const options = tls?.connectionOptions();
    // A connector keeps TLS sessions, which must not outlive the certificates that they were made with.
    if (connect === undefined || options !== made) {
      made = options;
      connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, ...(options as object | undefined) });
    }
    return connect;
  };
  if (tunnel === undefined) return (options, callback) => current()(options, callback);
  return (options, callback) => {
    const { hostname, port } = options;
    openTunnel(tunnel, `${hostname}:${port === '' ? '443' : port}`, connectTimeoutMs).then(
      (httpSocket: Socket) => current()({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    );
  };
}
