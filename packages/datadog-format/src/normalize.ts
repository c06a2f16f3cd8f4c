const maxTagChars = 200;
const maxNameBytes = 100;
const maxServiceBytes = 100;

/** The longest resource of a span, in bytes. */
export const maxResourceBytes = 5000;

const plainTag = /^(?:[a-z0-9:./-]|_(?=[a-z0-9:./-]))*$/;
const goodName = /^(?:[A-Za-z0-9]|(?<!_)[._])*$/;
const letter = /^\p{L}$/u;
const digit = /^\p{Nd}$/u;

/** Cuts a text to so many bytes of UTF-8, at a character's border. */
export function truncateBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text);
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** What the intake makes of a tag's value: lower case, letters, digits and `:./-` kept, runs of anything else one `_`, at most 200 characters. */
export function normalizeTagValue(value: string): string {
  return normalize(value, false);
}

/** As `normalizeTagValue`, for a whole `key:value`, which begins with a letter or colon. */
export function normalizeTag(tag: string): string {
  return normalize(tag, true);
}

function normalize(value: string, startsWithLetter: boolean): string {
  if (value.length <= maxTagChars && plainTag.test(value) && (!startsWithLetter || /^[a-z:]/.test(value) || value === '')) return value;
  let result = '';
  let cut = false;
  let chars = 0;
  let bytes = 0;
  for (const char of value) {
    const lower = char.toLowerCase();
    const low = Buffer.byteLength(lower) === Buffer.byteLength(char) ? lower : char;
    bytes += Buffer.byteLength(char);
    if (low === ':' || letter.test(low)) {
      result += cut ? `_${low}` : low;
      cut = false;
      chars++;
    } else if (startsWithLetter && chars === 0) {
      // Nothing before the first letter stays.
    } else if (low === '.' || low === '/' || low === '-' || digit.test(low)) {
      result += cut ? `_${low}` : low;
      cut = false;
      chars++;
    } else {
      cut = true;
      chars++;
    }
    if (bytes >= 2 * maxTagChars || chars >= maxTagChars) break;
  }
  return result;
}

/** The name of a span's operation: ASCII letters, digits, `.` and single `_`, beginning with a letter, at most 100 bytes. */
export function normalizeName(name: string): string {
  const rest = truncateBytes(name, maxNameBytes).replace(/^[^A-Za-z]+/, '');
  const clean = goodName.test(rest)
    ? rest
    : rest
        .replace(/[^A-Za-z0-9.]+/g, '_')
        .replace(/_\./g, '.')
        .replace(/\._/g, '.');
  const result = clean.replace(/_$/, '');
  return result === '' ? 'unnamed_operation' : result;
}

/** The name of a service; `unnamed-LANGUAGE-service` when nothing is left of it. */
export function normalizeService(service: string, language: string): string {
  const result = normalizeTagValue(truncateBytes(service, maxServiceBytes));
  if (result !== '') return result;
  return language === '' ? 'unnamed-service' : `unnamed-${language}-service`;
}

/** The name of a peer's service; '' when nothing is left of it. */
export function normalizePeerService(service: string): string {
  return normalizeTagValue(truncateBytes(service, maxServiceBytes));
}
