import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const hex = '0123456789abcdef';
const words =
  'order cart user service queue payment batch worker cache index shard region zone replica leader election commit span trace metric log export retry timeout budget model prompt answer agent tool search vector'.split(
    ' ',
  );

/** A text in which nothing is to be found, and the key that it stands under ('' for none). */
export interface Negative {
  readonly kind: string;
  readonly key: string;
  readonly text: string;
}

const uuid = (random: Random): string => [8, 4, 4, 4, 12].map((length) => random.from(hex, length)).join('-');
const epochMs = (random: Random): string => String(random.int(1_500_000_000, 1_999_999_999)) + random.digits(3);
const iso = (random: Random): string => new Date(random.int(1_500_000_000, 1_999_999_999) * 1000 + random.int(0, 999)).toISOString();
const version = (random: Random): string => `${random.int(0, 30)}.${random.int(0, 99)}.${random.int(0, 200)}`;

/** Kinds of texts that look like what is looked for. `set`: tuning or held out, which have different ones. */
const tuning: Readonly<Record<string, (random: Random) => readonly [key: string, text: string]>> = {
  UUID: (random) => ['', uuid(random)],
  'UUID in a path': (random) => ['url.path', `/v1/${random.pick(words)}s/${uuid(random)}/${random.pick(words)}`],
  'epoch ms': (random) => ['', `${random.pick(words)} at ${epochMs(random)}`],
  'epoch ns': (random) => ['', `t=${epochMs(random)}${random.digits(6)}`],
  'order number': (random) => ['order.id', random.digits(random.int(9, 19))],
  'order in a text': (random) => ['', `order ${random.digits(random.int(10, 16))} was shipped`],
  'SHA-256': (random) => ['', `sha256:${random.from(hex, 64)}`],
  'git commit': (random) => ['vcs.ref.head.revision', random.from(hex, 40)],
  'trace id': (random) => ['', `00-${random.from(hex, 32)}-${random.from(hex, 16)}-01`],
  version: (random) => ['service.version', version(random)],
  'four-part version': (random) => ['', `version ${version(random)}.${random.int(0, 9)}`],
  'user agent': (random) => [
    'user_agent.original',
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/${random.int(90, 140)}.0.${random.int(1000, 9000)}.${random.int(1, 250)} Safari/537.36`,
  ],
  'npm package': (random) => ['', `node_modules/@${random.pick(words)}/${random.pick(words)}@${version(random)}`],
  image: (random) => [
    'container.image.name',
    `registry.example.com/${random.pick(words)}/${random.pick(words)}@sha256:${random.from(hex, 64)}`,
  ],
  'git remote': (random) => ['', `git@github.com:${random.pick(words)}/${random.pick(words)}.git`],
  'token counts': (random) => [
    '',
    `input_tokens=${random.int(1, 99_999)} max_tokens=${random.int(1, 9999)} token_type=bearer total_tokens: ${random.int(1, 99_999)}`,
  ],
  loopback: (random) => ['', `listening on 127.0.0.1:${random.int(1024, 65_535)} and 0.0.0.0:${random.int(1024, 65_535)} and [::1]:80`],
  'ISO time': (random) => ['', `${iso(random)} ${random.pick(words)} done in ${random.int(1, 9999)}ms`],
  SQL: (random) => [
    'db.query.text',
    `SELECT ${random.pick(words)}_id, max(${random.pick(words)}) FROM ${random.pick(words)}s WHERE a = $1 AND b IN ($2, $3) LIMIT ${random.int(1, 1000)}`,
  ],
  'host and port': (random) => [
    '',
    `dial tcp: lookup ${random.pick(words)}-${random.int(0, 9)}.${random.pick(words)}.svc.cluster.local:${random.int(1024, 65_535)}: no such host`,
  ],
  amounts: (random) => [
    '',
    `total ${random.int(1, 9999)}.${random.digits(2)} of ${random.digits(3)},${random.digits(3)}.00, ratio 0.${random.digits(16)}`,
  ],
  'numeric id': (random) => ['message.id', `1${random.digits(18)}`],
  MAC: (random) => ['host.mac', Array.from({ length: 6 }, () => random.from(hex, 2)).join(':')],
  fingerprint: (random) => [
    '',
    `SHA1 Fingerprint=${Array.from({ length: 20 }, () => random.from(hex, 2))
      .join(':')
      .toUpperCase()}`,
  ],
  'C++': (random) => ['', `std::${random.pick(words)}::${random.pick(words)}<int, ${random.int(1, 9)}>::operator()`],
  'words about secrets': (random) => [
    '',
    `invalid token: unexpected end; password is required for ${random.pick(words)}; secret not found, key: missing`,
  ],
  JSON: (random) => [
    '',
    `{"id":"${uuid(random)}","ts":${epochMs(random)},"tokens":{"input_tokens":${random.int(1, 9999)}},"v":"${version(random)}"}`,
  ],
};

const heldOut: typeof tuning = {
  'unnamed number': (random) => ['', `value ${random.digits(random.int(13, 19))} seen`],
  ULID: (random) => ['', `01${random.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}`],
  snowflake: (random) => ['tweet_id', random.digits(18)],
  invoice: (random) => ['', `INV-${random.int(2015, 2026)}-${random.digits(6)} for PO ${random.digits(8)}`],
  ISBN: (random) => ['', `ISBN 978-${random.digits(1)}-${random.digits(4)}-${random.digits(4)}-${random.digits(1)}`],
  EAN: (random) => ['product.ean', `40${random.digits(11)}`],
  'tracking number': (random) => ['', `tracking number ${random.digits(20)} left the hub`],
  'partition and offset': (random) => ['', `${random.pick(words)}-${random.int(0, 64)}@${random.digits(10)} lag ${random.int(0, 100_000)}`],
  'retina image': (random) => ['', `/static/img/${random.pick(words)}@2x.png?v=${random.digits(10)}`],
  'stack trace': (random) => [
    'exception.stacktrace',
    `    at ${random.pick(words)} (/srv/app/${random.pick(words)}.js:${random.int(1, 900)}:${random.int(1, 90)})\n    at Object.<anonymous> (node:internal/${random.pick(words)}:${random.int(1, 900)}:17)`,
  ],
  'go pseudo-version': (random) => ['', `example.com/${random.pick(words)} v0.0.0-20${random.digits(12)}-${random.from(hex, 12)}`],
  'python version': (random) => [
    '',
    `${random.pick(words)}==${version(random)}.post${random.int(1, 9)}; Python/3.${random.int(7, 14)}.${random.int(0, 20)}`,
  ],
  OID: (random) => ['', `1.3.6.1.4.1.${random.int(1, 60_000)}.${random.int(1, 20)}.${random.int(1, 20)}`],
  'Windows build': (random) => ['os.version', `10.0.${random.int(17_000, 26_000)}.${random.int(1, 4000)}`],
  'S3 key': (random) => [
    '',
    `s3://logs/${random.int(2015, 2026)}/${random.int(10, 12)}/${random.int(10, 28)}/${random.from(hex, 32)}.json.gz`,
  ],
  ETag: (random) => ['', `ETag: "${random.from(hex, 32)}-${random.int(1, 90)}"`],
  'k8s pod': (random) => [
    'k8s.pod.name',
    `${random.pick(words)}-${random.from('bcdfghjklmnpqrstvwxz2456789', 10)}-${random.from('bcdfghjklmnpqrstvwxz2456789', 5)}`,
  ],
  base64: (random) => ['', `payload ${random.from(`${lower}${lower.toUpperCase()}${digits}+/`, 60)}==`],
  coordinates: (random) => [
    '',
    `bbox ${random.int(-90, 90)}.${random.digits(6)},${random.int(-180, 180)}.${random.digits(6)},${random.int(0, 90)}.${random.digits(6)}`,
  ],
  diff: (random) => [
    '',
    `@@ -${random.int(1, 999)},${random.int(1, 20)} +${random.int(1, 999)},${random.int(1, 20)} @@ ${random.pick(words)}`,
  ],
  'cron and ranges': (random) => ['', `*/${random.int(2, 30)} 2-4 * * 1-5 bytes=${random.digits(7)}-${random.digits(8)}`],
  'log line': (random) => [
    '',
    `${iso(random).replace('T', ' ').slice(0, 19)} INFO [${random.pick(words)}-${random.int(1, 64)}] ${random.digits(5)} --- started in ${random.int(1, 9)}.${random.digits(3)} seconds, pid ${random.int(2, 99_999)}`,
  ],
  'usage JSON': (random) => [
    '',
    `{"usage":{"prompt_tokens":${random.int(1, 99_999)},"completion_tokens":${random.int(1, 9999)}},"created":17${random.digits(8)},"id":"chatcmpl-${random.from(lower + digits, 29)}"}`,
  ],
  'feature flags': (random) => ['', `secret_rotation=true&token_bucket=${random.int(1, 99)}&key_count=${random.int(1, 9)}&passwordless=on`],
  'rust path': (random) => ['', `${random.pick(words)}::de::f64::${random.pick(words)}::beef::add`],
  percentiles: (random) => [
    '',
    `p50=${random.int(1, 99)}.${random.digits(3)} p99=${random.int(100, 999)}.${random.digits(3)} n=${random.digits(9)}`,
  ],
};

const folder = import.meta.dirname;

/** At least `count` texts without anything in them, of the kinds of the set; half of them are telemetry of a real machine and lines of code. */
export function negatives(random: Random, set: 'tuning' | 'held out', count: number): Negative[] {
  const found: Negative[] = [];
  const kinds = Object.entries(set === 'tuning' ? tuning : heldOut);
  for (let i = 0; i < count * 0.7; i++) {
    const [kind, make] = kinds[i % kinds.length]!;
    const [key, text] = make(random);
    found.push({ kind, key, text });
  }
  // Every other line belongs to one set.
  const isOfSet = (_: string, line: number): boolean => line % 2 === (set === 'tuning' ? 0 : 1);
  for (const text of readFileSync(join(folder, 'captured.txt'), 'utf8').trim().split('\n').filter(isOfSet))
    found.push({ kind: 'captured', key: '', text });
  const sources = globSync('src/**/*.ts', { cwd: join(folder, '../../../wire') }).toSorted();
  for (const file of sources) {
    const lines = readFileSync(join(folder, '../../../wire', file), 'utf8').split('\n');
    for (const text of lines.filter((line) => line.trim().length > 12).filter(isOfSet)) found.push({ kind: 'code', key: '', text });
  }
  return found;
}
