import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AuthData, Context, RequestHeaders, ServerAuthenticator } from '@millrace/api';
import { type Watch, watchFiles } from '@millrace/transport';
import type { HtpasswdConfig } from './config.ts';
import { type PasswordCheck, readHtpasswd } from './htpasswd.ts';

/** Credentials that were right are remembered, since checking them may take bcrypt a tenth of a second. */
const mostRemembered = 1000;

/** Whoever guesses passwords must not keep everybody else from being checked, nor fill the memory. */
const mostUnderWay = 100;

/** Accepts the users of an htpasswd text. */
export class BasicAuthServer implements ServerAuthenticator {
  readonly #config: HtpasswdConfig;
  readonly #context: Context;
  readonly #key: Buffer = randomBytes(32);
  #users: ReadonlyMap<string, PasswordCheck> = new Map();
  #nobody: PasswordCheck | undefined;
  /** By a keyed hash, so that memory holds no passwords: accepted ones, and checks under way. */
  readonly #checked = new Map<string, Promise<boolean> | true>();
  #underWay = 0;
  #watch: Watch | undefined;

  constructor(config: HtpasswdConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  start(): void {
    const { file, inline = '' } = this.#config;
    const files = file === undefined || file === '' ? [] : [file];
    const contents = files.map((path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        throw new Error(`open htpasswd file: ${(error as Error).message}`, { cause: error });
      }
    });
    const { logger, clock } = this.#context;
    const use = (texts: readonly string[]): void => {
      const { users, unreadable } = readHtpasswd([...texts, inline].join('\n'));
      this.#users = users;
      const [anyone] = users.values();
      this.#nobody = anyone && ((password) => anyone(password).then(() => false));
      this.#checked.clear();
      if (unreadable > 0) logger.warn('Some lines of htpasswd cannot be understood', { lines: unreadable });
    };
    use(contents);
    this.#watch = watchFiles(files, {
      clock,
      contents,
      changed: (texts) => {
        use(texts);
        logger.info('Reloaded htpasswd file', { files });
      },
      failed: (error) => logger.error('Failed to reload htpasswd file; the old users stay', { files, error: error.message }),
    });
  }

  authenticate(headers: RequestHeaders): AuthData | Promise<AuthData> {
    const header = headers['authorization'];
    const authorization = (typeof header === 'string' ? header : header?.[0]) ?? '';
    if (authorization === '') throw new Error('no basic auth provided');
    if (!/^basic /i.test(authorization)) throw new Error('invalid authorization scheme prefix');
    const raw = authorization.slice(6);
    const text = Buffer.from(raw, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon < 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(raw)) throw new Error('invalid authorization format');
    const username = text.slice(0, colon);
    const data: AuthData = { username, raw };
    // A name that nobody has takes as long to refuse as one that somebody has, so that time does not tell the names.
    const check = this.#users.get(username) ?? this.#nobody;
    if (check === undefined) throw new Error('invalid credentials');
    const key = createHmac('sha256', this.#key).update(text).digest('base64');
    let outcome = this.#checked.get(key);
    if (outcome === true) return data;
    outcome ??= this.#check(key, check, text.slice(colon + 1));
    return outcome.then((right) => {
      if (!right) throw new Error('invalid credentials');
      return data;
    });
  }

  shutdown(): void {
    this.#watch?.close();
  }

  #check(key: string, check: PasswordCheck, password: string): Promise<boolean> {
    if (this.#underWay >= mostUnderWay) throw new Error('too many credentials are being checked');
    this.#underWay++;
    const users = this.#users;
    const outcome = check(password).then((right) => {
      this.#underWay--;
      this.#checked.delete(key);
      if (right && users === this.#users) {
        const [oldest] = this.#checked.size >= mostRemembered ? this.#checked.keys() : [];
        if (oldest !== undefined) this.#checked.delete(oldest);
        this.#checked.set(key, true);
      }
      return right;
    });
    this.#checked.set(key, outcome);
    return outcome;
  }
}
