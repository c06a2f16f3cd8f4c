/** The suites that Go counts as secure, and what OpenSSL calls them. Those of TLS 1.3 are always offered, whatever is listed. */
const secure: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

/** The suites that Go counts as insecure and OpenSSL still has; RC4 and 3DES are gone. */
const insecure: Readonly<Record<string, string>> = {
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
};

const known = (name: string, withInsecure: boolean): string | undefined =>
  Object.hasOwn(secure, name) ? secure[name] : withInsecure && Object.hasOwn(insecure, name) ? insecure[name] : undefined;

/** What is wrong with each name that cannot be used, in the Collector's words. */
export function cipherSuiteProblems(names: readonly string[], withInsecure: boolean): string[] {
  return names.filter((name) => known(name, withInsecure) === undefined).map((name) => `invalid TLS cipher suite: ${JSON.stringify(name)}`);
}

/**
 * OpenSSL's list for Go's names; `undefined` leaves the choice to the platform. Without names, insecure suites come behind the secure ones
 * when they are wanted.
 */
export function opensslCiphers(names: readonly string[], withInsecure: boolean): string | undefined {
  const listed = names.length > 0 ? names : withInsecure ? [...Object.keys(secure), ...Object.keys(insecure)] : [];
  if (listed.length === 0) return undefined;
  const tls13 = Object.keys(secure).filter((name) => name === secure[name]);
  return [...new Set([...tls13, ...listed.map((name) => known(name, withInsecure))])].join(':');
}
