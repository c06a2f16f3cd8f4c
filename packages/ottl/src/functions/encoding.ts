import { bytesLike, converter, getter, optional, string } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import type { Getter } from '../getter.ts';
import { derive } from '../getter.ts';
import { OttlError } from '../ottl-error.ts';
import { decodeBase64, decoderOf, encodeBase64 } from '../text/encodings.ts';
import type { Decoder } from '../text/encodings.ts';
import { typeName } from '../value.ts';

/** `Base64Decode(text)`: the text that standard base64 holds. */
const base64Decode = converter(
  'Base64Decode',
  { target: string },
  ({ target }) =>
    (context) =>
      decodeBase64(target(context)).toString(),
);

/** `Base64Encode(text, variant?)`: base64 (the default), base64-raw, base64-url or base64-raw-url. */
const base64Encode = converter('Base64Encode', { target: string, variant: optional(string) }, ({ target, variant }) => (context) => {
  const name = variant?.(context) ?? 'base64';
  const encoded = encodeBase64(Buffer.from(target(context)), name);
  if (encoded === undefined) throw new OttlError(`unsupported base64 variant: ${name}`);
  return encoded;
});

/** `Decode(value, encoding)`: the text that bytes, or the bytes of a text, are in an encoding of characters or a variant of base64. */
const decode = converter('Decode', { target: getter, encoding: string }, ({ target, encoding }) => {
  const decoder = decoderGetter(encoding);
  return (context) => {
    const value = target(context);
    const decodeBytes = decoder(context);
    if (typeof value === 'string') return decodeBytes(Buffer.from(value));
    if (value instanceof Uint8Array) return decodeBytes(value);
    throw new OttlError(`unsupported type provided to Decode function: ${typeName(value)}`);
  };
});

function decoderGetter(encoding: Getter<string>): Getter<Decoder> {
  if (encoding.literal !== undefined) return derive(encoding, decoderOf);
  let last: { readonly name: string; readonly decoder: Decoder } | undefined;
  return (context) => {
    const name = encoding(context);
    if (last?.name !== name) last = { name, decoder: decoderOf(name) };
    return last.decoder;
  };
}

/** `Hex(value)`: hexadecimal digits of bytes, of the bytes of a text, or of the big-endian bytes of a number. */
const hex = converter('Hex', { target: bytesLike }, ({ target }) => (context) => {
  const bytes = target(context);
  return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
});

/** Functions between bytes and text. */
export const encodingFunctions: readonly FunctionDefinition[] = [base64Decode, base64Encode, decode, hex];
