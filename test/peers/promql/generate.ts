import { randomNumbers } from './data.ts';

/** Names with matchers that some of their series have. */
const selectors: Readonly<Record<string, readonly string[]>> = {
  http_requests_total: ['job="api"', 'instance=~"a|c"', 'code!~"4.."', 'instance!="b",job=~".+"'],
  cpu_load: ['job="web"', 'instance="a"', 'code=""'],
  memory_bytes: ['instance=~"a|b"'],
  up: ['instance!="b"'],
  sparse: ['kind="marked"', 'kind!~"early|none"'],
  constant: ['of=~"one|time"', 'of!="nan"'],
  latency_seconds_bucket: ['le=~".+"', 'instance="c"', 'le!="1"'],
  latency_seconds_count: ['instance=~"[ab]"'],
  rpc_seconds: ['pod="x"'],
  rpc_custom_seconds: ['pod="y"'],
  rpc_signed: ['pod!="z"'],
  rpc_gauge: ['pod="x"'],
  rpc_mixed: ['pod=~".*"'],
};
const names = Object.keys(selectors);
const labels = ['job', 'instance', 'code', 'le', 'pod', 'kind'];
const rangeFunctions =
  'avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time max_over_time min_over_time ' +
  'present_over_time rate resets stddev_over_time sum_over_time absent_over_time';
const numberFunctions = 'abs ceil floor exp sqrt ln log2 sgn sin tanh absent round timestamp day_of_week minute -';
const aggregations = 'sum avg min max count group stddev stdvar';

/** Random PromQL expressions of type vector. */
export class Generator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  #word(words: string): string {
    return this.pick(words.split(' '));
  }

  selector(): string {
    const name = this.pick(names);
    if (this.#chance(0.6)) return name;
    const matcher = this.pick(selectors[name]!);
    return `${name}{${matcher}}`;
  }

  #modifiers(): string {
    const offset = this.#chance(0.15) ? ` offset ${this.pick(['1m', '-2m', '7m', '33s'])}` : '';
    const at = this.#chance(0.08) ? ` @ ${this.pick(['1700003600', 'start()', 'end()', '1700001234.5'])}` : '';
    return at + offset;
  }

  #range(depth: number): string {
    const duration = this.pick(['1m', '90s', '5m', '17m', '40s']);
    if (depth > 0 && this.#chance(0.3))
      return `(${this.vector(depth - 1)})[${duration}:${this.pick(['', '30s', '1m', '20s'])}]${this.#modifiers()}`;
    return `${this.selector()}[${duration}]${this.#modifiers()}`;
  }

  #grouping(): string {
    const names2 = labels.filter(() => this.#chance(0.35)).join(', ');
    return this.#chance(0.3) ? '' : ` ${this.pick(['by', 'without'])} (${names2})`;
  }

  #matching(): string {
    if (this.#chance(0.3)) return '';
    return this.pick([
      'on (instance) ',
      'on (pod) ',
      'ignoring (code, le, version) ',
      'on (instance, job) ',
      'on () ',
      'ignoring (kind, of) ',
    ]);
  }

  #scalar(): string {
    return this.pick(['0', '1', '2.5', '-3', '1e9', '0.5', 'time() % 7', 'scalar(up{instance="a"})', 'NaN', 'Inf']);
  }

  /** Nested at most so deep. */
  vector(depth: number): string {
    if (depth === 0 || this.#chance(0.1)) return this.selector() + this.#modifiers();
    const inner = (): string => this.vector(depth - 1);
    switch (Math.floor(this.#random() * 9)) {
      case 0:
      case 1:
        return `${this.#word(rangeFunctions)}(${this.#range(depth - 1)})`;
      case 2:
        return `${this.#word(numberFunctions)}(${inner()})`;
      case 3:
      case 4:
        return `${this.#word(aggregations)}${this.#grouping()} (${inner()})`;
      case 5:
        return `${inner()} ${this.#word('+ - * / % ^ == != > < >= <=')} ${this.#scalar()}`;
      case 6:
        return `${inner()} ${this.#word('+ - * / and or unless > == <=')} ${this.#matching()}${this.#chance(0.5) ? inner() : this.selector()}`;
      case 7:
        return this.pick([
          `quantile${this.#grouping()} (${this.#scalar()}, ${inner()})`,
          `quantile_over_time(0.4, ${this.#range(depth - 1)})`,
          `predict_linear(${this.#range(depth - 1)}, 60)`,
          `clamp(${inner()}, -2, 5)`,
          `histogram_quantile(0.8, ${inner()})`,
          `histogram_fraction(0.2, 3, ${inner()})`,
        ]);
      default:
        return this.pick([
          `histogram_${this.#word('count sum avg stddev stdvar')}(${inner()})`,
          `label_replace(${inner()}, "code", "x$1", "instance", "(.)")`,
          `(${inner()}) * on (instance, job) group_left (version) target_info`,
          `sum by (le, instance) (rate(latency_seconds_bucket[${this.pick(['1m', '4m'])}]))`,
          `-${inner()}`,
        ]);
    }
  }
}
