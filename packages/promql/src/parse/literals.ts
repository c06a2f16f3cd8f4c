const durationPattern = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;
const day = 86_400_000;
const unitsMs = [365 * day, 7 * day, day, 3_600_000, 60_000, 1000, 1];

/** The milliseconds of a duration as Prometheus writes it (`1h30m`); undefined when the text is none. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const match = text === '' ? null : durationPattern.exec(text);
  if (match === null) return undefined;
  return unitsMs.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unit, 0);
}

/** A number as PromQL writes it: decimal, hexadecimal, octal, with underscores, `Inf`, `NaN`, or a duration, which counts seconds. Undefined when it is none. */
export function parseNumber(text: string): number | undefined {
  const plain = text.replaceAll('_', '').toLowerCase();
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  if (plain === 'inf' || plain === '+inf') return Infinity;
  if (plain === '-inf') return -Infinity;
  if (plain === 'nan') return Number.NaN;
  if (/^(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/.test(plain)) return Number(plain);
  const ms = parseDurationMs(plain);
  return ms === undefined ? undefined : ms / 1000;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The text of a quoted string with Go's escapes; undefined when the string is not well-formed. */
export function unquote(quoted: string): string | undefined {
  const quote = quoted[0]!;
  if (quoted.length < 2 || quoted.at(-1) !== quote) return undefined;
  const inner = quoted.slice(1, -1);
  if (quote === '`') return inner.includes('`') ? undefined : inner;
  if (inner.includes('\n')) return undefined;
  if (!inner.includes('\\')) return inner;
  let bytes: number[] = [];
  let text = '';
  const flush = (): void => {
    if (bytes.length > 0) text += Buffer.from(bytes).toString('utf8');
    bytes = [];
  };
  for (let i = 0; i < inner.length;) {
    if (inner[i] !== '\\') {
      flush();
      text += inner[i++];
      continue;
    }
    const escape = inner[i + 1] ?? '';
    const simple = simpleEscapes[escape];
    const digits = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))/.exec(inner.slice(i + 1));
    if (simple !== undefined) {
      if ((escape === "'" || escape === '"') && escape !== quote) return undefined;
      flush();
      text += simple;
      i += 2;
    } else if (digits === null) return undefined;
    else {
      const [whole, byte, short, long, octal] = digits;
      if (byte !== undefined || octal !== undefined) {
        const value = byte === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(byte, 16);
        if (value > 255) return undefined;
        bytes.push(value);
      } else {
        const code = Number.parseInt((short ?? long)!, 16);
        if (code > 0x10_ff_ff) return undefined;
        flush();
        text += String.fromCodePoint(code);
      }
      i += 1 + whole.length;
    }
  }
  flush();
  return text;
}
