import type { ClientAuthenticator, Context } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { OAuth2ClientConfig } from './config.ts';
import { createTokenSource, type TokenSource } from './token-source.ts';

/** A refused token that is younger than this is not replaced: the next one would be refused, too. */
const youngMs = 10_000;

interface Token {
  readonly authorization: string;
  readonly issuedAtMs: number;
  /** From then on it is replaced. */
  readonly staleAtMs: number;
}

/** Sends tokens of an authorization server (RFC 6749, section 4.4): one token at a time, fetched with the first request that needs it. */
export class OAuth2Client implements ClientAuthenticator {
  readonly requiresTls = true;
  readonly #config: OAuth2ClientConfig;
  readonly #context: Context;
  readonly #stopping = new AbortController();
  #source: TokenSource | undefined;
  #token: Token | undefined;
  #fetching: Promise<Token> | undefined;

  constructor(config: OAuth2ClientConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  start(): void {
    this.#source = createTokenSource(this.#config, this.#context);
  }

  authorize(headers: Map<string, string>): void | Promise<void> {
    const token = this.#token;
    if (token !== undefined && this.#context.clock.now() < token.staleAtMs) {
      headers.set('authorization', token.authorization);
      return undefined;
    }
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching.then((fetched) => void headers.set('authorization', fetched.authorization));
  }

  rejected(headers: ReadonlyMap<string, string>): boolean {
    const token = this.#token;
    // Meanwhile there is another one, or none: the next request gets a new one anyway.
    if (token === undefined || headers.get('authorization') !== token.authorization) return true;
    if (this.#context.clock.now() < token.issuedAtMs + youngMs) return false;
    this.#token = undefined;
    return true;
  }

  async shutdown(): Promise<void> {
    this.#stopping.abort(new Error('the extension is shut down'));
    await this.#source?.close();
  }

  async #fetch(): Promise<Token> {
    const timeoutMs = durationMs(this.#config.timeout);
    const timer = timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined;
    const signal = timer === undefined ? this.#stopping.signal : AbortSignal.any([this.#stopping.signal, timer]);
    if (this.#source === undefined) throw new Error('oauth2client is not started');
    const issuedAtMs = this.#context.clock.now();
    const { accessToken, type, lifetimeMs } = await this.#source.fetch(signal);
    const bufferMs = Math.min(durationMs(this.#config.expiry_buffer), lifetimeMs / 2);
    this.#token = { authorization: `${type} ${accessToken}`, issuedAtMs, staleAtMs: issuedAtMs + lifetimeMs - bufferMs };
    return this.#token;
  }
}
