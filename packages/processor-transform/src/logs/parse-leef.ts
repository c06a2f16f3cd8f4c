import { converter, OttlError, string } from '@millrace/ottl';
import type { FunctionDefinition, Value } from '@millrace/ottl';

/** `ParseLEEF(target)`: reads a message in the Log Event Extended Format, version 1.0 or 2.0. */
export const parseLeef: FunctionDefinition = converter(
  'ParseLEEF',
  { target: string },
  ({ target }) =>
    (context) =>
      parse(target(context)),
  ['log'],
);

function parse(message: string): Value {
  if (message === '') throw new OttlError('cannot parse empty LEEF message');
  const start = message.indexOf('LEEF:');
  if (start < 0) throw new OttlError("invalid LEEF message: 'LEEF:' not found");
  const [field, ...rest] = message.slice(start).split('|');
  if (rest.length === 0) throw new OttlError('invalid LEEF message: missing pipe delimiter in header');
  const version = field!.slice('LEEF:'.length);
  if (version !== '1.0' && version !== '2.0') throw new OttlError(`unsupported LEEF version: ${version} (supported: 1.0, 2.0)`);
  const [vendor, product, productVersion, event] = rest;
  if (event === undefined) {
    throw new OttlError(
      `invalid LEEF ${version} header: expected at least 4 fields (vendor, product, version, eventID), got ${rest.length}`,
    );
  }
  const { delimiter, from } = version === '1.0' ? { delimiter: '\t', from: 4 } : delimiterOf(rest[4]);
  return new Map<string, Value>([
    ['leef.version', version],
    ['leef.vendor', vendor],
    ['leef.product.name', product],
    ['leef.product.version', productVersion],
    ['leef.event.id', event],
    ['leef.attributes', attributesOf(rest.slice(from).join('|'), delimiter)],
  ]);
}

/** What separates attributes, and the field that they begin with. */
function delimiterOf(spec: string | undefined): { readonly delimiter: string; readonly from: number } {
  if (spec === undefined || spec.includes('=')) return { delimiter: '\t', from: 4 };
  if (spec === '') return { delimiter: '\t', from: 5 };
  if (/^0x/i.test(spec)) {
    const hex = spec.slice(2);
    if (hex === '') throw new OttlError('invalid LEEF 2.0 delimiter: empty hex value');
    if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex))
      throw new OttlError(`invalid LEEF 2.0 delimiter: invalid hex delimiter ${JSON.stringify(spec)}`);
    if (hex.length !== 2)
      throw new OttlError(`invalid LEEF 2.0 delimiter: hex delimiter must decode to a single byte, got ${hex.length / 2} bytes`);
    return { delimiter: String.fromCharCode(Number.parseInt(hex, 16)), from: 5 };
  }
  if (Buffer.byteLength(spec) === 1) return { delimiter: spec, from: 5 };
  throw new OttlError(
    `invalid LEEF 2.0 delimiter: delimiter must be a single character or 0x-prefixed hex value, got ${JSON.stringify(spec)}`,
  );
}

function attributesOf(text: string, delimiter: string): Value {
  const attributes = new Map<string, Value>();
  for (const pair of text.split(delimiter)) {
    const at = pair.indexOf('=');
    if (at > 0) attributes.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return attributes;
}
