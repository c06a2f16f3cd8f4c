import { createSign, randomUUID } from 'node:crypto';
import type { OAuth2ClientConfig } from './config.ts';

/** As in the Collector: the server has this long to accept what was signed. */
const lifetimeSeconds = 1800;

/** A JSON Web Token in which a client names itself, signed with its key (RFC 7523). Throws when the key cannot sign. */
export function signAssertion(config: OAuth2ClientConfig, clientId: string, key: string, nowMs: number): string {
  const { signature_algorithm: alg, client_certificate_key_id: kid = '', scopes = [] } = config;
  const now = Math.floor(nowMs / 1000);
  const claims = {
    iss: config.iss || clientId,
    sub: clientId,
    jti: randomUUID(),
    aud: config.audience || config.token_url,
    iat: now,
    exp: now + lifetimeSeconds,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    ...config.claims,
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg, typ: 'JWT', ...(kid === '' ? {} : { kid }) })}.${part(claims)}`;
  try {
    return `${text}.${createSign(`RSA-SHA${alg.slice(2)}`)
      .update(text)
      .sign(key, 'base64url')}`;
  } catch (error) {
    throw new Error('the client_certificate_key cannot sign', { cause: error });
  }
}
