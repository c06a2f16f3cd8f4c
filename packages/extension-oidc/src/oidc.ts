import type { AuthData, Context, RequestHeaders, ServerAuthenticator } from '@millrace/api';
import { decodeJwt, type JWTPayload } from 'jose';
import { type OidcConfig, type ProviderConfig, providersOf } from './config.ts';
import { Provider } from './provider.ts';

/** Accepts requests that carry a token of one of its providers, and tells who the token speaks of. */
export class Oidc implements ServerAuthenticator {
  readonly #attribute: string;
  readonly #providers: ReadonlyMap<string, Provider>;

  constructor(config: OidcConfig, context: Context) {
    this.#attribute = config.attribute.toLowerCase();
    this.#providers = new Map(providersOf(config).map((provider) => [provider.issuer_url!, new Provider(provider, context)]));
  }

  start(): void {
    try {
      for (const provider of this.#providers.values()) provider.start();
    } catch (error) {
      this.shutdown();
      throw new Error(`failed to get configuration from at least one configured auth server: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** The claims of the token by name, and `subject`, `membership` (its groups) and `raw` (the token). */
  async authenticate(headers: RequestHeaders): Promise<AuthData> {
    const header = headers[this.#attribute];
    const text = (typeof header === 'string' ? header : header?.[0]) ?? '';
    if (text === '') throw new Error("authentication didn't succeed");
    const parts = text.split(' ');
    if (parts.length !== 2) throw new Error('invalid authorization header format');
    const raw = parts[1]!;
    const provider = this.#providerOf(issuerOf(raw));
    let claims: JWTPayload;
    try {
      claims = await provider.verify(raw);
    } catch (error) {
      throw new Error(`failed to verify token: ${(error as Error).message}`, { cause: error });
    }
    const subject = subjectOf(claims, provider.config);
    const membership = groupsOf(claims, provider.config);
    return { ...claims, claims, subject, membership, raw };
  }

  shutdown(): void {
    for (const provider of this.#providers.values()) provider.close();
  }

  /** A single provider checks every token, and says itself that it is not the issuer. */
  #providerOf(issuer: string): Provider {
    const provider = this.#providers.size === 1 ? [...this.#providers.values()][0] : this.#providers.get(issuer);
    if (provider !== undefined) return provider;
    const name = JSON.stringify(issuer);
    throw new Error(`failed to resolve OIDC provider for the issuer ${name}: no OIDC provider configured for the issuer ${name}`);
  }
}

function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch (error) {
    throw new Error(`failed to parse the token: ${(error as Error).message}`, { cause: error });
  }
}

function subjectOf(claims: JWTPayload, { username_claim: name = '' }: ProviderConfig): string {
  if (name === '') return claims.sub ?? '';
  const username = claims[name];
  if (username === undefined) {
    throw new Error(
      'failed to get subject from claims in the token: username claim from the OIDC configuration not found on the token returned by the OIDC provider',
    );
  }
  if (typeof username === 'string') return username;
  throw new Error("failed to get subject from claims in the token: the username returned by the OIDC provider isn't a regular string");
}

function groupsOf(claims: JWTPayload, { groups_claim: name = '' }: ProviderConfig): readonly string[] {
  if (name === '') return [];
  const groups = claims[name];
  if (groups === undefined) {
    throw new Error(
      'failed to get groups from claims in the token: groups claim from the OIDC configuration not found on the token returned by the OIDC provider',
    );
  }
  return Array.isArray(groups) ? groups.map(String) : typeof groups === 'string' ? [groups] : [];
}
