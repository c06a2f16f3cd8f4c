import { OttlError } from '../ottl-error.ts';

/** Whether a variant of base64 has padding, and whether it is the one for URLs. */
const variants: { readonly [name: string]: { readonly isPadded: boolean; readonly isUrl: boolean } } = {
  base64: { isPadded: true, isUrl: false },
  'base64-raw': { isPadded: false, isUrl: false },
  'base64-url': { isPadded: true, isUrl: true },
  'base64-raw-url': { isPadded: false, isUrl: true },
};

/** Encodes bytes in a variant of base64; undefined when there is none of that name. */
export function encodeBase64(bytes: Buffer, variant: string): string | undefined {
  if (!Object.hasOwn(variants, variant)) return undefined;
  const { isPadded, isUrl } = variants[variant]!;
  const text = bytes.toString(isUrl ? 'base64url' : 'base64');
  const bare = text.replace(/=+$/, '');
  return isPadded ? bare.padEnd(Math.ceil(bare.length / 4) * 4, '=') : bare;
}

/** Decodes standard base64 with padding, or another variant, as strictly as Go does. Line breaks are passed over. */
export function decodeBase64(encoded: string, variant = 'base64'): Buffer {
  const { isPadded, isUrl } = variants[variant]!;
  const wrong = (isUrl ? /[^\w=\r\n-]/ : /[^A-Za-z\d+/=\r\n]/).exec(encoded);
  if (wrong !== null) throw corrupt(wrong.index);
  const text = encoded.replaceAll(/[\r\n]/g, '');
  const padding = text.indexOf('=');
  const digits = padding === -1 ? text : text.slice(0, padding);
  const expected = isPadded ? (4 - (digits.length % 4)) % 4 : 0;
  if (padding !== -1 && (expected === 0 || text.slice(padding) !== '='.repeat(expected))) throw corrupt(padding);
  if (digits.length % 4 === 1 || (padding === -1 && expected > 0)) throw corrupt(digits.length - (digits.length % 4));
  return Buffer.from(digits, isUrl ? 'base64url' : 'base64');
}

function corrupt(at: number): OttlError {
  return new OttlError(`illegal base64 data at input byte ${at}`);
}

/** Makes text of bytes. */
export type Decoder = (bytes: Uint8Array) => string;

const utf8: Decoder = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
const utf16: Decoder = (bytes) => new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes);
const latin1: Decoder = (bytes) => Buffer.from(bytes).toString('latin1');

const own: { readonly [name: string]: Decoder } = {
  '': utf8,
  nop: utf8,
  ascii: utf8,
  'us-ascii': utf8,
  utf8,
  'utf-8': utf8,
  'utf8-raw': utf8,
  'utf-8-raw': utf8,
  utf16,
  'utf-16': utf16,
  latin1,
  l1: latin1,
  'iso-8859-1': latin1,
  'iso_8859-1': latin1,
  'iso-ir-100': latin1,
  ibm819: latin1,
  cp819: latin1,
  csisolatin1: latin1,
};

/** The decoder of a base64 variant or a character encoding. Throws an Error when there is none. */
export function decoderOf(name: string): Decoder {
  if (Object.hasOwn(variants, name)) {
    return (bytes) => {
      try {
        return utf8(decodeBase64(Buffer.from(bytes).toString('latin1'), name));
      } catch (error) {
        throw new OttlError(`could not decode: ${(error as Error).message}`);
      }
    };
  }
  const label = name.toLowerCase();
  if (Object.hasOwn(own, label)) return own[label]!;
  try {
    const decoder = new TextDecoder(name, { ignoreBOM: true });
    return (bytes) => decoder.decode(bytes);
  } catch {
    throw new OttlError(`unsupported encoding '${name}'`);
  }
}
