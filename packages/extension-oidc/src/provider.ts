import { readFileSync } from 'node:fs';
import type { Context } from '@millrace/api';
import { type ClientTls, createClientTls, type Watch, watchFiles } from '@millrace/transport';
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { ProviderConfig } from './config.ts';
import { fetchJson } from './fetch-json.ts';
import { parseKeys } from './key-file.ts';

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** An issuer that could not be reached is not asked again for this long, so that requests do not pile up behind it. */
const pauseMs = 5_000;

/** The keys of an issuer and the algorithms that it signs with. */
interface Keys {
  readonly find: JWTVerifyGetKey;
  readonly algorithms: readonly string[];
}

/** One issuer: finds its keys with the first token, and checks tokens. */
export class Provider {
  readonly config: ProviderConfig;
  readonly #context: Context;
  #tls: ClientTls | undefined;
  #keys: Keys | undefined;
  #discovery: Promise<Keys> | undefined;
  #failure: { readonly error: Error; readonly untilMs: number } | undefined;
  #watch: Watch | undefined;

  constructor(config: ProviderConfig, context: Context) {
    this.config = config;
    this.#context = context;
  }

  /** Reads its files. Throws in the Collector's words when it cannot. */
  start(): void {
    const { issuer_ca_path: caPath = '', public_keys_file: file = '' } = this.config;
    if (file === '') {
      try {
        const authorities = caPath === '' ? {} : { ca_file: caPath };
        this.#tls = createClientTls({ insecure: false, insecure_skip_verify: false, ...authorities }, this.#context);
      } catch (error) {
        throw new Error(`could not read the CA file ${JSON.stringify(caPath)}: ${(error as Error).message}`, { cause: error });
      }
      return;
    }
    const { clock, logger } = this.#context;
    const use = (text: string): void => {
      this.#keys = { find: createLocalJWKSet(parseKeys(text)), algorithms };
    };
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
      use(text);
    } catch (error) {
      throw new Error(`failed to load JWKS file ${JSON.stringify(file)}: ${(error as Error).message}`, { cause: error });
    }
    this.#watch = watchFiles([file], {
      clock,
      contents: [text],
      changed: ([content]) => use(content!),
      failed: (error) => logger.error('failed to reload JWKS file', { file, error: error.message }),
    });
  }

  /** The claims of a token. Rejects when it is not genuine, not for us, or not valid now. */
  async verify(token: string): Promise<JWTPayload> {
    const keys = this.#keys ?? (await this.#discover());
    const { audience = '', ignore_audience: ignoreAudience, issuer_url: issuer } = this.config;
    const { payload } = await jwtVerify(token, keys.find, {
      issuer: issuer!,
      algorithms: [...keys.algorithms],
      currentDate: new Date(this.#context.clock.now()),
      requiredClaims: ['exp'],
      ...(ignoreAudience === true ? {} : { audience }),
    });
    return payload;
  }

  close(): void {
    this.#watch?.close();
    this.#tls?.close();
  }

  /** OpenID Connect Discovery 1.0, section 4. */
  #discover(): Promise<Keys> {
    if (this.#failure !== undefined && this.#context.clock.now() < this.#failure.untilMs) return Promise.reject(this.#failure.error);
    this.#discovery ??= this.#askIssuer().finally(() => (this.#discovery = undefined));
    return this.#discovery;
  }

  async #askIssuer(): Promise<Keys> {
    const issuer = this.config.issuer_url!;
    try {
      const document = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, this.#tls);
      this.#keys = this.#keysOf(document as Readonly<Record<string, unknown>> | null);
      this.#failure = undefined;
      return this.#keys;
    } catch (error) {
      const wrapped = new Error(`failed to create OIDC provider for ${JSON.stringify(issuer)}: ${(error as Error).message}`, {
        cause: error,
      });
      this.#failure = { error: wrapped, untilMs: this.#context.clock.now() + pauseMs };
      this.#context.logger.error('Failed to get the configuration of an OIDC provider', { issuer, error: (error as Error).message });
      throw wrapped;
    }
  }

  #keysOf(document: Readonly<Record<string, unknown>> | null): Keys {
    const issuer = this.config.issuer_url!;
    const { issuer: named, jwks_uri: keysUrl, id_token_signing_alg_values_supported: listed } = document ?? {};
    if (named !== issuer) {
      throw new Error(
        `oidc: issuer URL provided to client (${JSON.stringify(issuer)}) did not match the issuer URL returned by provider (${JSON.stringify(named)})`,
      );
    }
    if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl)) throw new Error('oidc: the provider names no jwks_uri');
    const signing = Array.isArray(listed) ? algorithms.filter((name) => listed.includes(name)) : [];
    const find = createRemoteJWKSet(new URL(keysUrl), {
      [customFetch]: async (url) => Response.json(await fetchJson(url, this.#tls)),
    });
    return { find, algorithms: signing.length === 0 ? ['RS256'] : signing };
  }
}
