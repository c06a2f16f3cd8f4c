import type { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import type { Refusals } from './refusals.ts';

/** Counts the connections of a TLS server that fail before they carry anything: plain text, bad certificates, no common version. */
export function countTlsFaults(server: EventEmitter, refusals: Refusals | undefined): void {
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    // The types say Error, but node:tls keeps the code of the fault.
    const unauthorized = socket.authorizationError as unknown as string | null | undefined;
    const address = socket.remoteAddress;
    if (typeof unauthorized === 'string') refusals?.count('client_certificate', address, unauthorized);
    else if (error.code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') refusals?.count('client_certificate', address, error.message);
    else if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') refusals?.count('timeout', address, error.message);
    else if (isPlaintext(error.code)) refusals?.count('plaintext', address, error.message);
    // A connection that is only opened and closed is a port check, not an attempt.
    else if (error.code !== 'ECONNRESET') refusals?.count('tls_handshake', address, error.message);
  });
}

function isPlaintext(code: string | undefined): boolean {
  return code === 'ERR_SSL_HTTP_REQUEST' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG';
}
