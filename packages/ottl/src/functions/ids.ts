import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { bytesLike, converter } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { derive } from '../getter.ts';
import { OttlError } from '../ottl-error.ts';
import { Id } from '../value.ts';

/** `TraceID(value)` and its like: an id of its bytes, or of a text with two hexadecimal digits for each. */
function idConverter(name: string, kind: Id['kind'], sizeBytes: number): FunctionDefinition {
  return converter(name, { target: bytesLike }, ({ target }) =>
    derive(target, (value) => {
      const bytes = Buffer.from(value ?? []);
      if (bytes.length === sizeBytes) return new Id(kind, bytes.toString('hex'));
      if (bytes.length !== 2 * sizeBytes) {
        throw new OttlError(
          `${name}: could not decode ID: invalid length: expected ${sizeBytes} or ${2 * sizeBytes} bytes, got ${bytes.length}`,
        );
      }
      const digits = bytes.toString('latin1');
      const wrong = /[^\da-f]/i.exec(digits)?.[0];
      if (wrong !== undefined) {
        const code = `U+${wrong.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')} '${wrong}'`;
        throw new OttlError(`${name}: could not decode ID: invalid hex: encoding/hex: invalid byte: ${code}`);
      }
      return new Id(kind, digits.toLowerCase());
    }),
  );
}

/** `IsRootSpan()`: whether the span has no parent. */
const isRootSpan = converter(
  'IsRootSpan',
  {},
  () =>
    ({ span }) =>
      /^0*$/.test(span.parentSpanIdHex),
  ['span'],
);

/** Functions of ids. */
export const idFunctions: readonly FunctionDefinition[] = [
  idConverter('TraceID', 'trace', 16),
  idConverter('SpanID', 'span', 8),
  idConverter('ProfileID', 'profile', 16),
  isRootSpan,
  converter('UUID', {}, () => () => randomUUID()),
  converter('UUIDv7', {}, () => () => randomUUIDv7()),
];
