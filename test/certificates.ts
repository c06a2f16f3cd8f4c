import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, as files and as text. */
export interface Identity {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** Somebody who signs certificates. */
export interface Authority extends Identity {
  /** A certificate for a common name and alternative names (default: 127.0.0.1 and localhost), valid for some days from now (default 30; negative: expired). */
  issue(name: string, options?: { readonly names?: string; readonly days?: number; readonly rsa?: boolean }): Identity;
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-certificates-'));
let made = 0;

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

function keyArgs(rsa: boolean): readonly string[] {
  return rsa ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
}

function identity(path: string): Identity {
  const certFile = `${path}.pem`;
  const keyFile = `${path}.key`;
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** Makes an authority with OpenSSL; its files live in a temporary folder. */
export function makeAuthority(name: string): Authority {
  const path = join(folder, `authority-${made++}`);
  openssl(
    'req',
    '-x509',
    ...keyArgs(false),
    '-nodes',
    '-days',
    '30',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${path}.key`,
    '-out',
    `${path}.pem`,
  );
  return {
    ...identity(path),
    issue: (subject, { names = 'IP:127.0.0.1,DNS:localhost', days = 30, rsa = false } = {}) => {
      const own = join(folder, `identity-${made++}`);
      writeFileSync(`${own}.ext`, `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
      openssl('req', ...keyArgs(rsa), '-nodes', '-subj', `/CN=${subject}`, '-keyout', `${own}.key`, '-out', `${own}.csr`);
      const times = ['-days', String(days), '-set_serial', String(made)];
      openssl(
        'x509',
        '-req',
        '-in',
        `${own}.csr`,
        '-CA',
        `${path}.pem`,
        '-CAkey',
        `${path}.key`,
        '-extfile',
        `${own}.ext`,
        ...times,
        '-out',
        `${own}.pem`,
      );
      return identity(own);
    },
  };
}
