import type { Random } from './random.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
const digits = '0123456789';
const hex = '0123456789abcdef';
const mixed = lower + upper + digits;

const first =
  'anna ben carla dmitri elena farid grace hiro ines jonas kate luis mei noah olga priya quentin rosa sven tara umar vera wei yusuf zoe'.split(
    ' ',
  );
const last =
  'adams baker costa dubois evans fischer garcia haas ivanov jensen kim lopez meyer nguyen okafor patel rossi silva tanaka weber young'.split(
    ' ',
  );
const domains =
  'example.com mail.example.org acme-corp.io uni-x.edu.au gmail.com firma.de correo.es post.co.uk team.dev kunde.example.net'.split(' ');

/** A check digit by the rule of Luhn, appended. */
function withLuhn(body: string): string {
  let sum = 0;
  for (let i = body.length - 1, double = true; i >= 0; i--, double = !double) {
    let value = Number(body[i]);
    if (double && (value *= 2) > 9) value -= 9;
    sum += value;
  }
  return body + ((10 - (sum % 10)) % 10);
}

function card(random: Random): string {
  const [prefix, length] = random.pick([
    ['4', 16],
    ['51', 16],
    ['55', 16],
    ['2315', 16],
    ['2690', 16],
    ['34', 15],
    ['37', 15],
    ['6011', 16],
    ['65', 16],
    ['3540', 16],
    ['36', 14],
    ['305', 14],
    ['62', 16],
  ] as const);
  const number = withLuhn(prefix + random.digits(length - prefix.length - 1));
  const shape = length === 16 ? [4, 4, 4, 4] : length === 15 ? [4, 6, 5] : [4, 6, 4];
  if (random.next() < 0.4) return number;
  let at = 0;
  return shape.map((size) => number.slice(at, (at += size))).join(random.pick([' ', '-']));
}

/** Countries and what follows the check digits: n a digit, a a capital, c either. */
const ibans: readonly (readonly [string, string])[] = [
  ['DE', 'n'.repeat(18)],
  ['FR', `${'n'.repeat(10)}${'c'.repeat(11)}nn`],
  ['GB', `aaaa${'n'.repeat(14)}`],
  ['NL', `aaaa${'n'.repeat(10)}`],
  ['ES', 'n'.repeat(20)],
  ['IT', `a${'n'.repeat(10)}${'c'.repeat(12)}`],
  ['CH', `${'n'.repeat(5)}${'c'.repeat(12)}`],
  ['NO', 'n'.repeat(11)],
  ['PL', 'n'.repeat(24)],
  ['SE', 'n'.repeat(20)],
];

function iban(random: Random): string {
  const [country, shape] = random.pick(ibans);
  const body = Array.from(shape, (kind) => random.from(kind === 'n' ? digits : kind === 'a' ? upper : upper + digits, 1)).join('');
  const numeric = Array.from(`${body}${country}00`, (character) => String(Number.parseInt(character, 36))).join('');
  const check = String(98n - (BigInt(numeric) % 97n)).padStart(2, '0');
  const plain = country + check + body;
  return random.next() < 0.5 ? plain : plain.replace(/(.{4})(?=.)/g, '$1 ');
}

function ssn(random: Random): string {
  let area: number;
  do area = random.int(1, 899);
  while (area === 666);
  return [String(area).padStart(3, '0'), String(random.int(1, 99)).padStart(2, '0'), String(random.int(1, 9999)).padStart(4, '0')].join(
    '-',
  );
}

function northAmerican(random: Random): [string, string, string] {
  const three = (): string => `${random.int(2, 9)}${random.int(0, 9)}${random.int(2, 9)}`;
  return [three(), three(), random.digits(4)];
}

function phone(random: Random): string {
  const [area, exchange, line] = northAmerican(random);
  return random.pick([
    `+1${area}${exchange}${line}`,
    `+1 ${area}-${exchange}-${line}`,
    `+1 (${area}) ${exchange}-${line}`,
    `(${area}) ${exchange}-${line}`,
    `${area}-${exchange}-${line}`,
    `${area}.${exchange}.${line}`,
    `+44 20 7${random.digits(3)} ${random.digits(4)}`,
    `+49 151 ${random.digits(8)}`,
    `+33 6 ${random.digits(2)} ${random.digits(2)} ${random.digits(2)} ${random.digits(2)}`,
    `+91 9${random.digits(4)} ${random.digits(5)}`,
    `+5511${random.digits(9)}`,
    `+81 3-${random.digits(4)}-${random.digits(4)}`,
  ]);
}

function ip(random: Random): string {
  const group = (): string => random.from(hex, random.int(1, 4));
  const octet = (): number => random.int(1, 254);
  return random.pick([
    `${random.int(11, 223)}.${octet()}.${octet()}.${octet()}`.replace(/^127/, '126'),
    `10.${octet()}.${octet()}.${octet()}`,
    `192.168.${octet()}.${octet()}`,
    `2001:db8:${group()}:${group()}::${group()}`,
    `2a02:${random.digits(3)}1:${group()}:${group()}:${group()}:${group()}:${group()}:${group()}`,
    `fe80::${group()}:${group()}:${group()}:1${group().slice(0, 3)}`,
  ]);
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function jwt(random: Random): string {
  const header = { alg: random.pick(['HS256', 'RS256', 'ES384']), typ: 'JWT', ...(random.next() < 0.5 && { kid: random.from(mixed, 12) }) };
  const claims = { sub: random.digits(10), iss: `https://${random.pick(domains)}`, exp: random.int(1_600_000_000, 1_900_000_000) };
  return `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}.${random.from(`${mixed}-_`, 43)}`;
}

function apiKey(random: Random): string {
  return random.pick([
    `sk-${random.from(mixed, 48)}`,
    `sk-proj-${random.from(`${mixed}_-`, 64)}`,
    `sk-ant-api03-${random.from(`${mixed}_-`, 93)}AA`,
    `ghp_${random.from(mixed, 36)}`,
    `gho_${random.from(mixed, 36)}`,
    `github_pat_${random.from(mixed, 22)}_${random.from(mixed, 59)}`,
    `xoxb-${random.digits(12)}-${random.digits(12)}-${random.from(mixed, 24)}`,
    `sk_live_${random.from(mixed, 24)}`,
    `AIza${random.from(`${mixed}_-`, 35)}`,
    `glpat-${random.from(mixed, 20)}`,
    `npm_${random.from(mixed, 36)}`,
    `hf_${random.from(lower + upper, 34)}`,
    `SG.${random.from(mixed, 22)}.${random.from(mixed, 43)}`,
    `gsk_${random.from(mixed, 52)}`,
    `dop_v1_${random.from(hex, 64)}`,
    `shpat_${random.from(hex, 32)}`,
  ]);
}

function privateKey(random: Random): string {
  const label = random.pick(['RSA PRIVATE KEY', 'PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY']);
  const lines = Array.from({ length: random.int(3, 8) }, () => random.from(`${mixed}+/`, 64));
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----`;
}

function email(random: Random): string {
  const local = random.pick([
    () => `${random.pick(first)}.${random.pick(last)}`,
    () => `${random.pick(first)}${random.int(1, 99)}`,
    () => `${random.pick(first)}+${random.pick(['news', 'test', 'shop'])}`,
    () => `${random.pick(first)[0]}_${random.pick(last)}`,
    () => `${random.pick(first)}-${random.pick(last)}`,
  ])();
  const address = `${local}@${random.pick(domains)}`;
  return random.next() < 0.1 ? address.toUpperCase() : address;
}

/** What is looked for, by the name of its detector. Credentials are whole texts, of which the part in angle brackets is the secret. */
export const secrets: Readonly<Record<string, (random: Random) => string>> = {
  email,
  credit_card: card,
  ssn,
  phone,
  ip,
  iban,
  jwt,
  api_key: apiKey,
  aws_key: (random) => `${random.pick(['AKIA', 'ASIA'])}${random.from(`${upper}234567`, 16)}`,
  private_key: privateKey,
};

const password = (random: Random): string => `${random.pick(last)}${random.digits(3)}${random.pick(['!', '#x', 'Q', '_z'])}`;

/** Texts with credentials: the part between U+2039 and U+203A is the secret. */
export const credentialTexts: readonly ((random: Random) => string)[] = [
  (random) => `postgres://${random.pick(first)}:‹${password(random).replace('#', '')}›@db.example.internal:5432/shop`,
  (random) => `Authorization: Bearer ‹${random.from(mixed, 32)}›`,
  (random) => `authorization=Basic ‹${Buffer.from(`${random.pick(first)}:${password(random)}`).toString('base64')}›`,
  (random) => `GET /v1/items?api_key=‹${random.from(mixed, 24)}›&page=2`,
  (random) => `login failed for ${random.pick(first)} with password=‹${password(random)}›`,
  (random) => `connect host=db user=app password='‹${password(random)}›' sslmode=require`,
  (random) => `config: {client_secret: "‹${random.from(mixed, 30)}›", retries: 3}`,
  (random) => `export API_TOKEN=‹${random.from(mixed, 40)}›`,
  (random) => `redirect to /cb?access_token=‹${random.from(mixed, 32)}›&token_type=bearer`,
];
