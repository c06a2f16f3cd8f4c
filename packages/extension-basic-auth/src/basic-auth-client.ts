import { readFileSync } from 'node:fs';
import type { ClientAuthenticator, Context } from '@millrace/api';
import { type Watch, watchFiles } from '@millrace/transport';
import type { ClientAuthConfig } from './config.ts';

/** Sends a user name and password (RFC 7617); files win over values. */
export class BasicAuthClient implements ClientAuthenticator {
  readonly requiresTls = true;
  readonly #config: ClientAuthConfig;
  readonly #context: Context;
  #authorization = '';
  #watch: Watch | undefined;

  constructor(config: ClientAuthConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  start(): void {
    const { username_file: usernameFile, password_file: passwordFile } = this.#config;
    const files = [usernameFile, passwordFile].filter((file) => file !== undefined && file !== '') as string[];
    const contents = files.map((file) => readFileSync(file, 'utf8'));
    const use = (texts: readonly string[]): void => {
      const rest = [...texts];
      const username = usernameFile ? rest.shift()!.trim() : (this.#config.username ?? '');
      const password = passwordFile ? rest.shift()!.trim() : (this.#config.password ?? '');
      if (username.includes(':')) throw new Error('invalid authorization format');
      this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    };
    use(contents);
    this.#watch = watchFiles(files, {
      clock: this.#context.clock,
      contents,
      changed: (texts) => {
        use(texts);
        this.#context.logger.info('Reloaded credentials', { files });
      },
      failed: (error) =>
        this.#context.logger.error('Failed to reload credentials; the old ones stay in use', { files, error: error.message }),
    });
  }

  authorize(headers: Map<string, string>): void {
    headers.set('authorization', this.#authorization);
  }

  shutdown(): void {
    this.#watch?.close();
  }
}
