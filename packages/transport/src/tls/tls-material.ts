import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContextOptions } from 'node:tls';
import type { Context } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type Watch, watchFiles } from '../watch-files.ts';
import { watchExpiry } from './certificate-expiry.ts';
import { opensslCiphers } from './cipher-suites.ts';
import { curves, given, type ServerTlsConfig, type TlsConfig, tlsVersions } from './tls-config.ts';

/** What a server or client needs of its component to load certificates, watch them and tell when they expire. */
export type TlsContext = Pick<Context, 'clock' | 'logger' | 'meter' | 'kind' | 'id'>;

/** The settings that come from files, and so can change. */
const fileSettings = ['ca_file', 'cert_file', 'key_file', 'client_ca_file'] as const;
type FileSetting = (typeof fileSettings)[number];
type Texts = Partial<Record<FileSetting, string>>;

/** The certificates, keys and rules of one `tls` section, loaded, checked and kept up to date. */
export class TlsMaterial {
  readonly #config: ServerTlsConfig;
  readonly #context: TlsContext;
  readonly #watches: Watch[] = [];
  readonly #forgetExpiry: () => void;
  #texts: Texts;
  #options: SecureContextOptions;
  #certificates: readonly { readonly usage: string; readonly certificate: X509Certificate }[] = [];

  /** Throws in the Collector's words when a file cannot be read or its contents do not fit. */
  constructor(config: TlsConfig & ServerTlsConfig, context: TlsContext) {
    this.#config = config;
    this.#context = context;
    this.#texts = readAll(config);
    this.#options = this.#load(this.#texts);
    this.#forgetExpiry = watchExpiry(context, () => this.#certificates);
  }

  /** What `node:tls` makes a context of. With the system's authorities when they are asked for, or when a client has no others. */
  options(needsAuthorities: boolean): SecureContextOptions {
    const { ca } = this.#options;
    const wantsSystem = ca === undefined ? needsAuthorities : this.#config.include_system_ca_certs_pool === true;
    const system = wantsSystem ? systemAuthorities() : undefined;
    return system === undefined ? this.#options : { ...this.#options, ca: ca === undefined ? system : [ca as string, ...system] };
  }

  /** Begins to watch the files; `changed` is called after each change that could be loaded. */
  watch(changed: () => void): void {
    const config = this.#config;
    const intervalMs = config.reload_interval === undefined ? 0 : durationMs(config.reload_interval);
    const own = fileSettings.filter((name) => name !== 'client_ca_file' && given(config[name]));
    if (intervalMs > 0) this.#watch(own, intervalMs, changed);
    if (config.client_ca_file_reload === true && given(config.client_ca_file)) this.#watch(['client_ca_file'], 1000, changed);
  }

  close(): void {
    for (const watch of this.#watches.splice(0)) watch.close();
    this.#forgetExpiry();
  }

  #watch(names: readonly FileSetting[], intervalMs: number, changed: () => void): void {
    const { clock, logger } = this.#context;
    const files = names.map((name) => this.#config[name]!);
    this.#watches.push(
      watchFiles(files, {
        clock,
        intervalMs,
        contents: names.map((name) => this.#texts[name]!),
        changed: (contents) => {
          const texts = { ...this.#texts, ...Object.fromEntries(names.map((name, i) => [name, contents[i]!])) };
          this.#options = this.#load(texts);
          this.#texts = texts;
          changed();
          logger.info('Reloaded TLS certificates', { files });
        },
        failed: (error) => logger.error('Failed to reload TLS certificates; the old ones stay in use', { files, error: error.message }),
      }),
    );
  }

  #load(texts: Texts): SecureContextOptions {
    const config = this.#config;
    const ca = texts.ca_file ?? config.ca_pem;
    const cert = texts.cert_file ?? config.cert_pem;
    const key = texts.key_file ?? config.key_pem;
    const clientCa = texts.client_ca_file;
    if (given(ca)) {
      const where = texts.ca_file === undefined ? 'PEM' : 'File';
      parse(ca, `failed to load TLS config: failed to load CA CertPool ${where}: failed to parse cert`);
    }
    if (clientCa !== undefined) parse(clientCa, `failed to parse CA ${config.client_ca_file}`);
    const options: SecureContextOptions = {
      ...rules(config),
      ...(given(cert) && given(key) ? { cert, key } : {}),
      ...(clientCa !== undefined ? { ca: clientCa } : given(ca) ? { ca } : {}),
    };
    try {
      createSecureContext(options);
    } catch (error) {
      throw new Error(
        `failed to load TLS config: failed to load TLS cert and key: failed to load TLS cert and key PEMs: ${(error as Error).message}`,
        { cause: error },
      );
    }
    this.#certificates = [
      ...parse(cert ?? '').map((certificate) => ({ usage: 'certificate', certificate })),
      ...parse(ca ?? '').map((certificate) => ({ usage: 'ca', certificate })),
      ...parse(clientCa ?? '').map((certificate) => ({ usage: 'client_ca', certificate })),
    ];
    return options;
  }
}

/** Versions, suites and curves. */
function rules(config: TlsConfig): SecureContextOptions {
  const minVersion = tlsVersions[config.min_version || '1.2'] ?? 'TLSv1.2';
  const ciphers = opensslCiphers(config.cipher_suites ?? [], config.include_insecure_cipher_suites === true);
  // OpenSSL's usual security level has neither TLS 1.0 nor 1.1.
  const old = minVersion === 'TLSv1' || minVersion === 'TLSv1.1';
  const list = old ? `${ciphers ?? 'DEFAULT'}:@SECLEVEL=0` : ciphers;
  const named = (config.curve_preferences ?? []).map((name) => curves[name]);
  return {
    minVersion,
    ...(config.max_version ? { maxVersion: tlsVersions[config.max_version] ?? 'TLSv1.3' } : {}),
    ...(list === undefined ? {} : { ciphers: list, honorCipherOrder: true }),
    ...(named.length === 0 ? {} : { ecdhCurve: named.join(':') }),
  };
}

const wording: Readonly<Record<FileSetting, string>> = {
  ca_file: 'failed to load TLS config: failed to load CA CertPool File: failed to load cert',
  cert_file: 'failed to load TLS config: failed to load TLS cert and key: open',
  key_file: 'failed to load TLS config: failed to load TLS cert and key: open',
  client_ca_file: 'failed to load TLS config: failed to load client CA CertPool: failed to load CA',
};

function readAll(config: ServerTlsConfig): Texts {
  const texts: Texts = {};
  for (const name of fileSettings) {
    const path = config[name];
    if (!given(path)) continue;
    try {
      texts[name] = readFileSync(path, 'utf8');
    } catch (error) {
      throw new Error(`${wording[name]} ${path}: ${(error as Error).message}`, { cause: error });
    }
  }
  return texts;
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Every certificate of a PEM text. Throws the given message when there is none that can be read. */
function parse(text: string, problem?: string): X509Certificate[] {
  const certificates: X509Certificate[] = [];
  for (const [block] of text.matchAll(certificatePattern)) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      // Like Go, which skips what it cannot read as long as something is left.
    }
  }
  if (certificates.length === 0 && problem !== undefined) throw new Error(problem);
  return certificates;
}

let system: readonly string[] | undefined;

/** The authorities that the machine trusts; `undefined` when it names none, which leaves it to the list that comes with Node.js. */
function systemAuthorities(): string[] | undefined {
  system ??= getCACertificates('system');
  return system.length === 0 ? undefined : [...system];
}
