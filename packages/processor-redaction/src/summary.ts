import type { ByteWriter } from '@millrace/wire';

/** What was done with the attributes of one thing, or with a log body. */
export class Tally {
  readonly redacted: string[] = [];
  readonly masked: string[] = [];
  readonly allowed: string[] = [];
  readonly ignored: string[] = [];
}

/** What the summary attributes of one thing said before. */
export type Earlier = Map<string, string | bigint>;

const kinds = ['redacted', 'masked', 'allowed', 'ignored'] as const;

/** Keys of every summary attribute. */
export const summaryKeys: ReadonlySet<string> = new Set(
  ['', 'body.'].flatMap((part) => kinds.flatMap((kind) => [`redaction.${part}${kind}.keys`, `redaction.${part}${kind}.count`])),
);

/** Writes the summary attributes of a tally under a tag; what was there before is added to. `level`: info or debug. */
export function writeSummary(writer: ByteWriter, tag: number, level: string, part: '' | 'body.', tally: Tally, earlier: Earlier): void {
  for (const kind of kinds) {
    let keys = tally[kind];
    if (keys.length === 0) continue;
    const count = keys.length;
    if (level === 'debug' && kind !== 'ignored') {
      const name = `redaction.${part}${kind}.keys`;
      const known = earlier.get(name);
      if (typeof known === 'string' && known !== '') keys = [...keys, ...known.split(',')];
      writeAttribute(writer, tag, name, keys.toSorted(byBytes).join(','));
      earlier.delete(name);
    }
    const name = `redaction.${part}${kind}.count`;
    const known = earlier.get(name);
    writeAttribute(writer, tag, name, BigInt(count) + (typeof known === 'bigint' ? known : 0n));
    earlier.delete(name);
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Writes one attribute with a text or an int. */
export function writeAttribute(writer: ByteWriter, tag: number, key: string, value: string | bigint): void {
  const attribute = writer.begin(tag);
  const name = writer.begin(0x0a);
  writer.text(key);
  writer.end(name);
  const any = writer.begin(0x12);
  if (typeof value === 'bigint') {
    writer.byte(0x18);
    writer.varint64(value);
  } else {
    const text = writer.begin(0x0a);
    writer.text(value);
    writer.end(text);
  }
  writer.end(any);
  writer.end(attribute);
}
