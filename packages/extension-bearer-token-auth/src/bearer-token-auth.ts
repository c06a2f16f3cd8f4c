import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AuthData, ClientAuthenticator, Context, RequestHeaders, ServerAuthenticator } from '@millrace/api';
import { type Watch, watchFiles } from '@millrace/transport';
import type { BearerTokenAuthConfig } from './config.ts';

const nothingKnown: AuthData = {};

/** Sends a token, and accepts requests that carry one of its tokens. */
export class BearerTokenAuth implements ClientAuthenticator, ServerAuthenticator {
  readonly requiresTls = true;
  readonly #config: BearerTokenAuthConfig;
  readonly #context: Context;
  readonly #header: string;
  #sent = '';
  #accepted: readonly Buffer[] = [];
  #watch: Watch | undefined;

  constructor(config: BearerTokenAuthConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#header = config.header.toLowerCase();
  }

  start(): void {
    const { token = '', tokens = [], filename = '' } = this.#config;
    const { logger, clock } = this.#context;
    if (filename === '') return this.#use(token === '' ? tokens : [token]);
    if (token !== '' || tokens.length > 0) logger.warn('a filename is specified. Configured token(s) is ignored!');
    const text = readFileSync(filename, 'utf8');
    this.#use(text.split('\n'));
    this.#watch = watchFiles([filename], {
      clock,
      contents: [text],
      changed: ([content]) => {
        this.#use(content!.split('\n'));
        logger.info('refresh token', { filename });
      },
      failed: (error) => logger.error('Failed to read the token again; the old one stays in use', { filename, error: error.message }),
    });
  }

  authorize(headers: Map<string, string>): void {
    headers.set(this.#header, this.#sent);
  }

  authenticate(headers: RequestHeaders): AuthData {
    const header = headers[this.#header];
    const given = typeof header === 'string' ? header : header?.[0];
    if (given === undefined || given === '') throw new Error(`missing or empty authorization header: ${this.#config.header}`);
    const digest = digestOf(given);
    let right = false;
    for (const accepted of this.#accepted) right = timingSafeEqual(accepted, digest) || right;
    if (!right) throw new Error('scheme or token does not match');
    return nothingKnown;
  }

  shutdown(): void {
    this.#watch?.close();
  }

  #use(tokens: readonly string[]): void {
    const { scheme } = this.#config;
    const values = tokens
      .map((token) => token.trim())
      .filter((token) => token !== '')
      .map((token) => (scheme === '' ? token : `${scheme} ${token}`));
    if (values.length === 0) throw new Error('no bearer token provided');
    this.#sent = values[0]!;
    this.#accepted = values.map(digestOf);
  }
}

/** Texts of one length, so that comparing them tells nothing. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
