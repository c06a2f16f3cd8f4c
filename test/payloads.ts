/** Deterministic requests of a realistic shape, for tests and benchmarks: about 10 attributes a span, 30 % of the spans from AI services. */

/** What varies between two requests. */
export interface PayloadOptions {
  /** Equal seeds give equal bytes. Default 1. */
  readonly seed?: number;
  /** Share of the items (0 to 1) that carry an e-mail address or a card number. Default 0. */
  readonly pii?: number;
  /** String attributes added to each span. Default 0. */
  readonly extraAttributes?: number;
  /** Length of a text that is added to each span: a prompt with a document in it. Default none. */
  readonly longTextBytes?: number;
}

/** A growing protobuf writer; nested messages are written by a callback. */
class Writer {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  get done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(size: number): number {
    const at = this.#length;
    if (at + size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe((at + size) * 2);
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = at + size;
    return at;
  }

  #raw(value: number): void {
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      const at = this.#room(1);
      this.#bytes[at] = rest > 127 ? (rest % 128) | 128 : rest;
      if (rest <= 127) return;
    }
  }

  varint(field: number, value: number): this {
    this.#raw(field * 8);
    this.#raw(value);
    return this;
  }

  fixed32(field: number, value: number): this {
    this.#raw(field * 8 + 5);
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value, at);
    return this;
  }

  fixed64(field: number, value: bigint): this {
    this.#raw(field * 8 + 1);
    const at = this.#room(8);
    this.#bytes.writeBigInt64LE(BigInt.asIntN(64, value), at);
    return this;
  }

  double(field: number, value: number): this {
    this.#raw(field * 8 + 1);
    const at = this.#room(8);
    this.#bytes.writeDoubleLE(value, at);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#raw(field * 8 + 2);
    this.#raw(value.length);
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, write: (inner: Writer) => void): this {
    const inner = new Writer();
    write(inner);
    return this.bytes(field, inner.done);
  }

  packed(field: number, values: readonly number[] | readonly bigint[]): this {
    const all = Buffer.alloc(values.length * 8);
    values.forEach((value, i) => (typeof value === 'bigint' ? all.writeBigInt64LE(value, i * 8) : all.writeDoubleLE(value, i * 8)));
    return this.bytes(field, all);
  }
}

class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  uuid(): string {
    return this.bytes(16)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}

/** Text is a string, a whole number an int, `{ double }` a double, a list an array of strings. */
type Value = string | number | boolean | { readonly double: number } | readonly string[];
type Attributes = readonly (readonly [key: string, value: Value])[];

function writeValue(to: Writer, value: Value): void {
  if (typeof value === 'string') to.string(1, value);
  else if (typeof value === 'boolean') to.varint(2, Number(value));
  else if (typeof value === 'number') to.varint(3, value);
  else if ('double' in value) to.double(4, value.double);
  else to.message(5, (list) => value.forEach((text) => list.message(1, (inner) => inner.string(1, text))));
}

function writeAttributes(to: Writer, field: number, attributes: Attributes): void {
  for (const [key, value] of attributes) to.message(field, (pair) => pair.string(1, key).message(2, (inner) => writeValue(inner, value)));
}

const epoch = 1_790_000_000_000_000_000n;
const schemaUrl = 'https://opentelemetry.io/schemas/1.37.0';
const personal = [
  'please write to jane.roe@example.com about this order',
  'card 4111 1111 1111 1111 was declined',
  'call back: max+shop@mail.example.org',
  'paid with 5500005555555559 yesterday',
];

function writeResource(to: Writer, random: Random): void {
  to.message(1, (resource) =>
    writeAttributes(resource, 1, [
      ['service.name', random.pick(['checkout', 'assistant-api', 'catalog'])],
      ['service.version', '2.14.3'],
      ['service.instance.id', random.uuid()],
      ['deployment.environment.name', 'production'],
      ['telemetry.sdk.language', 'nodejs'],
    ]),
  );
}

function writeScope(to: Writer, name: string, version: string): void {
  to.message(1, (scope) => scope.string(1, name).string(2, version));
}

function chat(random: Random): [string, number, Attributes] {
  const model = random.pick(['gpt-4o-mini', 'claude-sonnet-4', 'mistral-large']);
  return [
    `chat ${model}`,
    3,
    [
      ['gen_ai.system', random.pick(['openai', 'anthropic', 'mistral_ai'])],
      ['gen_ai.operation.name', 'chat'],
      ['gen_ai.request.model', model],
      ['gen_ai.request.temperature', { double: 0.7 }],
      ['gen_ai.request.max_tokens', 1024],
      ['gen_ai.response.model', `${model}-2026-01-15`],
      ['gen_ai.response.id', `chatcmpl-${random.bytes(12).toString('hex')}`],
      ['gen_ai.usage.input_tokens', random.below(4000)],
      ['gen_ai.usage.output_tokens', random.below(1200)],
      ['gen_ai.response.finish_reasons', ['stop']],
      ['gen_ai.conversation.id', random.uuid()],
    ],
  ];
}

function request(random: Random): [string, number, Attributes] {
  const route = random.pick(['/api/v1/users/{id}', '/api/v1/orders', '/api/v1/cart/{cartId}/items', '/healthz']);
  return [
    `GET ${route}`,
    2,
    [
      ['http.request.method', 'GET'],
      ['http.route', route],
      ['http.response.status_code', random.pick([200, 200, 200, 404, 500])],
      ['url.path', route.replace(/\{.*?\}/, String(random.below(1_000_000)))],
      ['url.scheme', 'https'],
      ['server.address', 'shop.example.internal'],
      ['server.port', 443],
      ['client.address', `10.${random.below(255)}.${random.below(255)}.${random.below(255)}`],
      ['user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'],
      ['network.protocol.version', '1.1'],
    ],
  ];
}

function query(random: Random): [string, number, Attributes] {
  const table = random.pick(['orders', 'users', 'carts']);
  return [
    `SELECT ${table}`,
    3,
    [
      ['db.system.name', 'postgresql'],
      ['db.namespace', 'shop'],
      ['db.operation.name', 'SELECT'],
      ['db.collection.name', table],
      ['db.query.text', `SELECT id, status, total FROM ${table} WHERE tenant_id = $1 AND id = $2 ORDER BY created_at DESC LIMIT 50`],
      ['server.address', 'pg-0.db.internal'],
      ['server.port', 5432],
      ['db.response.returned_rows', random.below(50)],
      ['db.cached', random.next() < 0.5],
      ['thread.name', `worker-${random.below(16)}`],
    ],
  ];
}

/** Prose with numbers, identifiers and code in it. */
function longText(random: Random, length: number): string {
  const lines: string[] = [];
  for (let size = 0; size < length; size += lines.at(-1)!.length + 1)
    lines.push(
      random.pick([
        'The customer asked whether the order could still be changed, since the delivery had not left the warehouse on Monday.',
        `Order ${random.below(1e9)} was created at 2026-01-${10 + random.below(20)}T08:15:42.117Z with ${random.below(40)} items for 49.90 EUR.`,
        `{"id":"${random.uuid()}","model":"gpt-4o-mini","tokens":${random.below(4000)},"cached":false}`,
        `    at async handler (/app/src/handler.ts:${random.below(900)}:${random.below(80)})`,
      ]),
    );
  return lines.join('\n').slice(0, length);
}

function writeSpan(to: Writer, random: Random, { pii = 0, extraAttributes = 0, longTextBytes = 0 }: PayloadOptions): void {
  const start = epoch + BigInt(random.below(1e9)) * 1000n;
  const end = start + BigInt(1000 + random.below(2_000_000)) * 1000n;
  const which = random.next();
  const [name, kind, attributes] = which < 0.3 ? chat(random) : which < 0.7 ? request(random) : query(random);
  const all: Attributes = random.next() < pii ? [...attributes.slice(0, -1), ['app.note', random.pick(personal)]] : attributes;
  to.bytes(1, random.bytes(16))
    .bytes(2, random.bytes(8))
    .bytes(4, random.bytes(8))
    .string(5, name)
    .varint(6, kind)
    .fixed64(7, start)
    .fixed64(8, end);
  writeAttributes(to, 9, all);
  for (let i = 0; i < extraAttributes; i++) writeAttributes(to, 9, [[`app.setting.${i}`, `value ${random.below(1000)}`]]);
  if (longTextBytes > 0) writeAttributes(to, 9, [['gen_ai.input.messages', longText(random, longTextBytes)]]);
  if (random.next() < 0.1)
    to.message(11, (event) => {
      event.fixed64(1, start + 500n).string(2, 'exception');
      writeAttributes(event, 3, [
        ['exception.type', 'TimeoutError'],
        ['exception.message', 'deadline exceeded while calling upstream'],
        [
          'exception.stacktrace',
          'TimeoutError: deadline exceeded\n    at call (/app/src/client.ts:120:11)\n    at async handler (/app/src/handler.ts:44:7)',
        ],
      ]);
    });
  const failed = random.next() < 0.1;
  to.message(15, (status) => (failed ? status.string(2, 'upstream error').varint(3, 2) : status)).fixed32(16, 257);
}

/** An ExportTraceServiceRequest of `count` spans in one resource and two scopes, about 536 bytes a span. */
export function traces(count: number, options: PayloadOptions = {}): Buffer {
  const random = new Random(options.seed ?? 1);
  const second = Math.floor(count / 4);
  return new Writer().message(1, (resourceSpans) => {
    writeResource(resourceSpans, random);
    const scope = (name: string, version: string, spans: number): void => {
      resourceSpans.message(2, (scopeSpans) => {
        writeScope(scopeSpans, name, version);
        for (let i = 0; i < spans; i++) scopeSpans.message(2, (span) => writeSpan(span, random, options));
      });
    };
    scope('@opentelemetry/instrumentation-http', '0.57.1', count - second);
    scope('gen-ai', '1.0.0', second);
    resourceSpans.string(3, schemaUrl);
  }).done;
}

const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

function pointAttributes(random: Random, index: number): Attributes {
  const attributes: Attributes = [
    ['http.request.method', random.pick(['GET', 'POST', 'PUT'])],
    ['http.route', `/api/v1/r${index % 50}`],
    ['http.response.status_code', random.pick([200, 201, 404, 500])],
    ['server.address', `shop-${index % 20}.internal`],
    ['url.scheme', 'https'],
  ];
  return index % 2 === 1 ? [...attributes].reverse() : attributes;
}

/** An ExportMetricsServiceRequest of `count` points: cumulative histograms and monotonic sums in turn, 50 points a metric, about 319 bytes a point. */
export function metrics(count: number, { seed = 1 }: Pick<PayloadOptions, 'seed'> = {}): Buffer {
  const random = new Random(seed);
  const writePoints = (to: Writer, points: number, attributesField: number, writeRest: (point: Writer) => void): void => {
    for (let i = 0; i < points; i++)
      to.message(1, (point) => {
        point.fixed64(2, epoch).fixed64(3, epoch + 60_000_000_000n);
        writeRest(point);
        writeAttributes(point, attributesField, pointAttributes(random, i));
      });
    to.varint(2, 2);
  };
  return new Writer().message(1, (resourceMetrics) => {
    writeResource(resourceMetrics, random);
    resourceMetrics.message(2, (scopeMetrics) => {
      writeScope(scopeMetrics, '@opentelemetry/instrumentation-http', '0.57.1');
      for (let done = 0, index = 0; done < count; done += 50, index++) {
        const points = Math.min(50, count - done);
        scopeMetrics.message(2, (metric) => {
          if (index % 2 === 0) {
            metric.string(1, `http.server.request.duration.${index}`).string(2, 'Duration of HTTP server requests.').string(3, 's');
            metric.message(9, (histogram) =>
              writePoints(histogram, points, 9, (point) => {
                const counts = Array.from({ length: bounds.length + 1 }, () => BigInt(random.below(100)));
                const total = counts.reduce((sum, each) => sum + each, 0n);
                point
                  .fixed64(4, total)
                  .double(5, random.next() * 100)
                  .packed(6, counts)
                  .packed(7, bounds)
                  .double(11, 0.001)
                  .double(12, 9.5);
              }),
            );
          } else {
            metric.string(1, `http.server.requests.${index}`).string(2, 'Number of requests.').string(3, '{request}');
            metric.message(7, (sum) => {
              writePoints(sum, points, 7, (point) => point.fixed64(6, BigInt(random.below(1e6))));
              sum.varint(3, 1);
            });
          }
        });
      }
    });
  }).done;
}

/** An ExportLogsServiceRequest of `count` records in one resource and scope, about 336 bytes a record. */
export function logs(count: number, { seed = 1, pii = 0 }: Pick<PayloadOptions, 'seed' | 'pii'> = {}): Buffer {
  const random = new Random(seed);
  return new Writer().message(1, (resourceLogs) => {
    writeResource(resourceLogs, random);
    resourceLogs.message(2, (scopeLogs) => {
      writeScope(scopeLogs, 'pino', '9.5.0');
      for (let i = 0; i < count; i++)
        scopeLogs.message(2, (record) => {
          const at = epoch + BigInt(i) * 1000n;
          record.fixed64(1, at).varint(2, 9).string(3, 'INFO');
          const text = `request completed in ${random.below(900)} ms for route /api/v1/orders/${random.below(1e6)} status=200`;
          record.message(5, (body) => body.string(1, random.next() < pii ? `user: ${random.pick(personal)}` : text));
          writeAttributes(record, 6, [
            ['log.file.name', 'app.log'],
            ['code.function.name', 'handleRequest'],
            ['code.line.number', random.below(500)],
            ['user.id', `u-${random.below(1e6)}`],
            ['http.route', '/api/v1/orders/{id}'],
            ['k8s.pod.name', `checkout-7d9f8b6c5d-${random.bytes(3).toString('hex')}`],
          ]);
          record
            .fixed32(8, 1)
            .bytes(9, random.bytes(16))
            .bytes(10, random.bytes(8))
            .fixed64(11, at + 5n);
        });
    });
  }).done;
}
