import { cores, Program } from './program.ts';

/** How much is measured. */
export interface OverheadOptions {
  readonly rounds: number;
  /** Rounds that do not count: what runs for the first ten thousand times is compiled meanwhile. */
  readonly warmUp: number;
  /** Of each round. */
  readonly requests: number;
  readonly connections: number;
  /** After which the vendor answers. */
  readonly delayMs: number;
  /** Both without millrace, which shows what the measurement itself is worth. */
  readonly control: boolean;
  /** Which of the two comes first in the first round. */
  readonly pair: number;
}

/** Some requests to one of the services. */
export interface Round {
  /** Milliseconds of CPU per request. */
  readonly cpuMs: number;
  readonly meanMs: number;
  readonly p99Ms: number;
}

/** The same service without and with millrace, one right after the other. */
export interface Pair {
  readonly without: Round;
  readonly with: Round;
}

/** What one pair of processes gave. */
export interface Overhead {
  readonly rounds: readonly Pair[];
  /** What more the one with millrace has in the end. */
  readonly rssBytes: number;
  /** After a collection of garbage: the heap and what it holds outside. */
  readonly heapBytes: number;
}

interface State {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** What the load says of a round. */
interface Answered {
  readonly latenciesMs: number[];
  readonly failed: number;
}

class Service {
  readonly #program: Program;
  readonly #url: string;
  /** Of the last reading. */
  #cpuMs = 0;

  private constructor(program: Program, url: string) {
    this.#program = program;
    this.#url = url;
  }

  static async start(vendorUrl: string, mode: 'with' | 'without'): Promise<Service> {
    const { program, said } = await Program.start(cores.measured, 'service.ts', vendorUrl, mode);
    return new Service(program, urlOf(said));
  }

  async measure(load: Program, requests: number): Promise<Round> {
    const { latenciesMs, failed } = (await load.ask({ url: this.#url, requests })) as Answered;
    if (failed > 0) throw new Error(`${failed} requests failed`);
    const { cpuMs } = (await this.#program.ask({})) as State;
    // Since the last reading: what it did while the other one was measured is its work, too.
    const usedMs = cpuMs - this.#cpuMs;
    this.#cpuMs = cpuMs;
    latenciesMs.sort((a, b) => a - b);
    return {
      cpuMs: usedMs / requests,
      meanMs: latenciesMs.reduce((sum, one) => sum + one, 0) / latenciesMs.length,
      p99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)]!,
    };
  }

  async end(): Promise<State> {
    const state = (await this.#program.ask({ gc: true })) as State;
    this.#program.stop();
    return state;
  }
}

/** Where a program listens that said so. */
const urlOf = (said: unknown): string => `http://127.0.0.1:${(said as { port: number }).port}`;

/** Measures fresh processes, in many short rounds, in turn. */
export async function measureOverhead(options: OverheadOptions): Promise<Overhead> {
  const { program: vendor, said } = await Program.start(cores.others, 'vendor.ts', String(options.delayMs));
  const { program: load } = await Program.start(cores.others, 'load.ts', String(options.connections));
  const plain = await Service.start(urlOf(said), 'without');
  const observed = await Service.start(urlOf(said), options.control ? 'without' : 'with');
  const rounds: Pair[] = [];
  for (let round = -options.warmUp; round < options.rounds; round++) {
    // One first, then the other: what slows the machine down for some time meets both alike.
    const [first, second] = (round + options.pair) % 2 === 0 ? [plain, observed] : [observed, plain];
    const [one, other] = [await first.measure(load, options.requests), await second.measure(load, options.requests)];
    if (round >= 0) rounds.push(first === plain ? { without: one, with: other } : { without: other, with: one });
  }
  const [less, more] = [await plain.end(), await observed.end()];
  load.stop();
  vendor.stop();
  return { rounds, rssBytes: more.rssBytes - less.rssBytes, heapBytes: more.heapBytes - less.heapBytes };
}
