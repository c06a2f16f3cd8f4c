import type { Client, ClientAuthenticator } from '@millrace/api';
import type { HeaderConfig, HeadersSetterConfig } from './config.ts';

/** Sets, changes and removes headers of outgoing requests. */
export class HeadersSetter implements ClientAuthenticator {
  readonly requiresTls = false;
  readonly #headers: readonly { readonly name: string; readonly config: HeaderConfig }[];

  constructor(config: HeadersSetterConfig) {
    this.#headers = config.headers.map((header) => ({ name: header.key!.toLowerCase(), config: header }));
  }

  authorize(headers: Map<string, string>, client: Client): void {
    for (const { name, config } of this.#headers) {
      const present = (headers.get(name) ?? '') !== '';
      if (config.action === 'delete') headers.delete(name);
      else if (config.action === 'upsert' || present === (config.action === 'update'))
        headers.set(name, checked(name, valueOf(config, client)));
    }
  }
}

/**
 * Refuses what would end the header and begin another one. HTTP/2 clients do not look, and keep but the low byte of other characters, which
 * may well be a line feed.
 */
function checked(name: string, value: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x08\x0a-\x1f\x7f\u0100-\uffff]/.test(value)) throw new Error(`invalid header field value for ${JSON.stringify(name)}`);
  return value;
}

/** Text beyond ASCII goes out in UTF-8. A header's text holds one byte a character. */
function headerText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** As in the Collector, a source that has nothing gives an empty value. */
function valueOf(config: HeaderConfig, client: Client): string {
  if (config.value !== undefined) return headerText(config.value);
  const found = config.from_context === undefined ? attributeOf(config, client) : metadataOf(config.from_context, client);
  return found === '' ? headerText(config.default_value ?? '') : found;
}

function metadataOf(name: string, { metadata }: Client): string {
  const values = metadata.get(name.toLowerCase()) ?? [];
  if (values.length > 1) {
    throw new Error(`failed to determine the source: ${values.length} source keys found in the context, can't determine which one to use`);
  }
  return values[0] ?? '';
}

function attributeOf({ from_attribute: name = '' }: HeaderConfig, { auth }: Client): string {
  const value = auth?.[name];
  if (value === undefined || value === null) return '';
  return headerText(typeof value === 'string' ? value : JSON.stringify(value));
}
