const simple: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"' };

/** The text that a quoted string means, by Go's rules for escapes; undefined when there is an escape that Go does not know. */
export function unquote(quoted: string): string | undefined {
  const body = quoted.slice(1, -1);
  if (!body.includes('\\')) return body;
  let isValid = true;
  const text = body.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^]))/g,
    (_, x, u, long, octal, one) => {
      const code = x ?? u ?? long;
      if (code !== undefined) {
        const point = Number.parseInt(code, 16);
        if (point <= 0x10_ffff && (point < 0xd800 || point > 0xdfff)) return String.fromCodePoint(point);
      } else if (octal !== undefined) {
        if (Number.parseInt(octal, 8) < 256) return String.fromCodePoint(Number.parseInt(octal, 8));
      } else if (Object.hasOwn(simple, one)) return simple[one]!;
      isValid = false;
      return '';
    },
  );
  return isValid ? text : undefined;
}
