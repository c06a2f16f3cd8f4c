import type { Random } from './random.ts';

/** Puts a value into a text; '' as key for texts without one. */
export type Layout = (value: string, random: Random) => readonly [key: string, text: string];

/** Ways to write a value into telemetry that the detectors were tuned on. */
export const tuningLayouts: Readonly<Record<string, Layout>> = {
  alone: (value) => ['note', value],
  'in a sentence': (value) => ['', `The customer gave ${value} as contact.`],
  'at the end': (value) => ['', `could not process ${value}`],
  'key=value': (value) => ['', `level=info detail=${value} status=ok`],
  quoted: (value) => ['', `received "${value}" from client`],
  'JSON member': (value) => ['', JSON.stringify({ message: value, ok: true })],
  'JSON in JSON': (value) => ['', JSON.stringify({ arguments: JSON.stringify({ value }) })],
  'chat message': (value) => [
    '',
    JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: `Hi,\nmy data is ${value}. Thanks!` }] }]),
  ],
  parentheses: (value) => ['', `user (${value}) logged in`],
  'comma list': (value) => ['', `alpha,${value},omega`],
  'log prefix': (value) => ['', `2026-01-05T10:11:12.123Z WARN handler: rejected: ${value}`],
  HTML: (value) => ['', `<td>${value}</td><td>x</td>`],
  'unicode around': (value) => ['', `名前 ${value} – größe`],
  colon: (value) => ['', `recipient: ${value}; retry: 3`],
};

/** Other ways, for the held-out corpus. */
export const heldOutLayouts: Readonly<Record<string, Layout>> = {
  first: (value) => ['', `${value} was refused twice`],
  brackets: (value) => ['', `audit[${value}] done`],
  exception: (value) => ['exception.message', `ValueError: bad input '${value}' (line 3)`],
  'pipe table': (value) => ['', `| 7 | ${value} | open |`],
  'tab separated': (value) => ['', `7\t${value}\topen`],
  'multi-line': (value) => ['', `Dear team\nplease remove\n${value}\nbest`],
  'SQL literal': (value) => ['', `INSERT INTO t (a) VALUES ('${value}')`],
  'XML attribute': (value) => ['', `<field name="x" value="${value}"/>`],
  'tool call': (value) => [
    '',
    JSON.stringify({ tool_calls: [{ function: { name: 'lookup', arguments: JSON.stringify({ q: `find ${value} now` }) } }] }),
  ],
  'JSON array': (value) => ['', JSON.stringify(['a', value, 'b'])],
  'escaped JSON': (value) => ['', JSON.stringify({ text: `a\t${value}\n"end"` }).replace('@', '\\u0040')],
  question: (value) => ['', `is it ${value}?`],
  'python dict': (value) => ['', `{'seen': '${value}', 'n': None}`],
  YAML: (value) => ['', `contact:\n  value: ${value}\n  kind: x`],
};
