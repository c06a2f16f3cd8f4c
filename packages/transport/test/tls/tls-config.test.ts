import { clientTlsProblems, serverTlsProblems } from '@millrace/transport';
import { describe, expect, it } from '@jest/globals';

const client = { insecure: false, insecure_skip_verify: false };
const pair = { cert_file: 'a.pem', key_file: 'a.key' };

describe('a tls section', () => {
  it.each([
    [{ ...pair, ca_file: 'a', ca_pem: 'b' }, 'provide either a CA file or the PEM-encoded string, but not both'],
    [{ ...pair, cert_pem: 'b' }, 'provide either certificate file or PEM, but not both'],
    [{ ...pair, key_pem: 'b' }, 'provide either key file or PEM, but not both'],
    [{ cert_file: 'a' }, 'TLS configuration must include both certificate and key (CertFile/CertPem and KeyFile/KeyPem)'],
    [{ ...pair, min_version: '1.5' }, 'invalid TLS min_version: unsupported TLS version: "1.5"'],
    [{ ...pair, max_version: 'x' }, 'invalid TLS max_version: unsupported TLS version: "x"'],
    [{ ...pair, min_version: '1.3', max_version: '1.2' }, 'invalid TLS configuration: min_version cannot be greater than max_version'],
    [{ ...pair, cipher_suites: ['TLS_NONE'] }, 'invalid TLS cipher suite: "TLS_NONE"'],
    [{ ...pair, cipher_suites: ['TLS_RSA_WITH_AES_128_CBC_SHA'] }, 'invalid TLS cipher suite: "TLS_RSA_WITH_AES_128_CBC_SHA"'],
    [{ ...pair, curve_preferences: ['P1'] }, 'invalid curve type: P1. Expected values are [X25519MLKEM768 X25519 P256 P384 P521]'],
  ])('is refused in the words of the Collector: %j', (settings, text) => {
    expect(clientTlsProblems({ ...client, ...settings })).toEqual([`tls: ${text}`]);
    expect(serverTlsProblems(settings, 'protocols::grpc::tls')).toEqual([`protocols::grpc::tls: ${text}`]);
  });

  it('of a server needs a certificate, of a client does not', () => {
    expect(clientTlsProblems(client)).toEqual([]);
    expect(serverTlsProblems(undefined)).toEqual([]);
    expect(serverTlsProblems({})).toEqual(['tls: TLS configuration must include both certificate and key for server connections']);
    expect(serverTlsProblems({ ...pair, max_version: '', min_version: '' })).toEqual([]);
  });

  it('takes weak suites where they are asked for', () => {
    const weak = { ...pair, include_insecure_cipher_suites: true, cipher_suites: ['TLS_RSA_WITH_AES_128_CBC_SHA'] };
    expect(serverTlsProblems(weak)).toEqual([]);
  });
});
