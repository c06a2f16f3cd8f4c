import type { Client } from '@millrace/wire';
import type { Extension } from './factory.ts';

/** Headers or gRPC metadata of a request as Node gives them: by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What an authenticator found out about a client; it travels as `Client.auth`. */
export type AuthData = Readonly<Record<string, unknown>>;

/** An extension that a server's `auth.authenticator` can name. */
export interface ServerAuthenticator extends Extension {
  /**
   * Accepts a request, before its body is read, and tells who sends it. Throws or rejects with an `Error` that says why not: the server
   * answers 401 or `Unauthenticated` with its message, which therefore holds no secret.
   */
  authenticate(headers: RequestHeaders): AuthData | Promise<AuthData>;
}

/** An extension that a client's `auth.authenticator` can name. */
export interface ClientAuthenticator extends Extension {
  /**
   * Whether what `authorize` adds may only travel encrypted: a gRPC client without TLS then refuses to start, as the Collector's does.
   */
  readonly requiresTls: boolean;
  /**
   * Adds to, or changes, the headers of one request (lower-case names); `client` is who sent the data. Throws or rejects with an `Error` when
   * there are no credentials: the request is not sent and counts as a retryable failure.
   */
  authorize(headers: Map<string, string>, client: Client): void | Promise<void>;
  /**
   * The destination refused what `authorize` put into these headers (401 or `Unauthenticated`). Returns whether the next `authorize` has
   * something better, so that the request is worth one more try. Absent: it never has.
   */
  rejected?(headers: ReadonlyMap<string, string>): boolean;
}

/** Whether an extension authenticates the clients of a server. For `Host.extension`. */
export function isServerAuthenticator(extension: unknown): extension is ServerAuthenticator {
  return typeof (extension as Partial<ServerAuthenticator> | undefined)?.authenticate === 'function';
}

/** Whether an extension authorizes the requests of a client. For `Host.extension`. */
export function isClientAuthenticator(extension: unknown): extension is ClientAuthenticator {
  return typeof (extension as Partial<ClientAuthenticator> | undefined)?.authorize === 'function';
}
