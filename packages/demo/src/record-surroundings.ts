import { Random } from './random.ts';
import type { Rows } from './rows.ts';
import { load } from './traffic.ts';
import { models, tasks } from './world.ts';

const second = 1000;
const mebibyte = 1024 * 1024;
const agentShare = 0.3;

/**
 * What goes on around the calls in a minute: queues, pools, rate limits, agents and their tools, experiments, streams and stores. Numbers follow the
 * load of the hour, and repeat for the same seed.
 */
export class Surroundings {
  readonly #rows: Rows;
  readonly #seed: string;
  #isSetUp = false;

  constructor(rows: Rows, seed: string) {
    this.#rows = rows;
    this.#seed = seed;
  }

  /** The minute that begins at a moment. */
  minute(unixMs: number): void {
    const random = new Random(this.#seed, 'surroundings', Math.floor(unixMs / 60_000));
    const busy = Math.min(1, load(unixMs) / 2.2);
    if (!this.#isSetUp) this.#setUp(random);
    this.#queues(random, busy);
    this.#pools(random, busy);
    this.#models(random, busy);
    this.#agents(random, busy);
    this.#policies(random, busy);
    this.#tuning(random, busy);
    this.#streams(random, busy);
    this.#stores(random, busy);
  }

  #setUp(random: Random): void {
    this.#isSetUp = true;
    const rows = this.#rows;
    rows.change('millrace.experiment.active', [], 1);
    rows.change('millrace.http.connections', [], 24);
    rows.observe('millrace.model.load.duration', ['house-llm'], random.lognormal(18, 0.2));
    for (const kind of ['client', 'server']) rows.observe(`mcp.${kind}.session.duration`, [undefined], random.lognormal(90, 0.5));
  }

  #queues(random: Random, busy: number): void {
    const rows = this.#rows;
    for (const queue of ['requests', 'evaluations']) {
      rows.set('millrace.queue.depth', [queue], 1 + random.poisson(12 * busy));
      for (let i = random.poisson(6 * busy) + 1; i > 0; i--)
        rows.observe('millrace.queue.processing.duration', [queue], random.lognormal(0.04, 0.5));
    }
    rows.set('millrace.user.active', [], 5 + random.poisson(80 * busy));
    const registered = random.poisson(1.5 * busy);
    if (registered > 0) rows.count('millrace.user.registrations', [random.pick(['web', 'app', 'invitation'])], registered);
    rows.set('millrace.health.status', ['api'], 1);
    rows.set('millrace.health.status', ['cache'], 1);
    rows.set('millrace.capacity.utilization', ['workers'], 0.1 + 0.8 * busy);
    if (busy > 0.9 || random.chance(0.05)) rows.count('millrace.resource.warnings', ['memory']);
    if (random.chance(0.2)) {
      rows.recorder.recordError({ type: 'template', component: 'api', severity: 'warning' });
      rows.tally.add('millrace.errors');
    }
  }

  #pools(random: Random, busy: number): void {
    const rows = this.#rows;
    const members = 8;
    const healthy = members - (random.chance(0.1) ? 1 : 0);
    rows.set('millrace.pool.health', ['vendors'], healthy / members);
    rows.set('millrace.pool.members', ['vendors', 'healthy'], healthy);
    rows.set('millrace.pool.members', ['vendors', 'unhealthy'], members - healthy);
    const limit = 50;
    const used = Math.min(limit, 1 + random.poisson(40 * busy));
    rows.set('millrace.connection_pool.connections', ['database', 'used'], used);
    rows.set('millrace.connection_pool.connections', ['database', 'idle'], limit - used);
    rows.set('millrace.connection_pool.limit', ['database'], limit);
    rows.set('millrace.connection_pool.utilization', ['database'], used / limit);
    rows.observe('millrace.connection_pool.wait.duration', ['database'], random.lognormal(0.002, 0.7));
    if (used > 45 || random.chance(0.03)) rows.count('millrace.connection_pool.timeouts', ['database']);
    for (const [provider, kind, most] of limits) {
      rows.set('millrace.rate_limit.limit', [provider, kind], most);
      rows.set('millrace.rate_limit.remaining', [provider, kind], Math.round(most * (1 - 0.8 * busy)));
    }
  }

  /** The model that runs in the house, whose server tells of itself. */
  #models(random: Random, busy: number): void {
    const rows = this.#rows;
    const { name, provider, answers, tokensPerSecond } = models.find((model) => model.provider === 'house')!;
    rows.set('millrace.model.loaded', [], 1);
    rows.set('millrace.model.memory', [name], 14_200 * mebibyte);
    for (let i = random.poisson(3 * busy) + 1; i > 0; i--) {
      const labels = ['chat', provider, name, answers, 'house.example', 8080];
      const first = random.lognormal(0.09, 0.3);
      const perToken = random.lognormal(1 / tokensPerSecond, 0.1);
      rows.observe('gen_ai.server.request.duration', labels, first + perToken * random.lognormal(100, 0.4));
      rows.observe('gen_ai.server.time_per_output_token', labels, perToken);
      rows.observe('gen_ai.server.time_to_first_token', labels, first);
    }
    for (const metric of ['gen_ai.client.inference.time_per_output_chunk', 'gen_ai.client.operation.time_per_output_chunk'])
      rows.observe(metric, ['chat', provider, name, answers, 'house.example', 8080], random.lognormal(1 / tokensPerSecond, 0.2));
    if (random.chance(0.1)) rows.count('millrace.usage.estimated', [provider, name]);
  }

  /** Agents that review code, with tools of an MCP server. */
  #agents(random: Random, busy: number): void {
    const rows = this.#rows;
    if (!random.chance(agentShare * busy + 0.05)) return;
    const calls = 1 + random.poisson(3);
    const tools = random.poisson(4) + 1;
    let seconds = 0;
    for (let i = 0; i < tools; i++) {
      const took = random.lognormal(0.6, 0.8);
      seconds += took;
      rows.observe('gen_ai.execute_tool.duration', ['read_file', 'function', undefined], took);
      rows.observe('mcp.client.operation.duration', ['tools/call', 'read_file', undefined], took);
      rows.observe('mcp.server.operation.duration', ['tools/call', 'read_file', undefined], took * 0.9);
    }
    seconds += calls * random.lognormal(6, 0.4);
    rows.observe('gen_ai.invoke_agent.duration', ['reviewer', 'anthropic', 'claude-sonnet-4-5', undefined], seconds);
    rows.observe('gen_ai.invoke_agent.inference_calls', ['reviewer', 'anthropic', 'claude-sonnet-4-5'], calls);
    rows.observe('gen_ai.invoke_agent.tool_calls', ['reviewer', 'anthropic', 'claude-sonnet-4-5'], tools);
    rows.observe('gen_ai.invoke_workflow.duration', ['review', undefined], seconds + 1);
    rows.count('millrace.usage.agent', ['repeated']);
  }

  #policies(random: Random, busy: number): void {
    const { recorder, tally } = this.#rows;
    for (let i = random.poisson(4 * busy); i > 0; i--) {
      const violated = random.chance(0.1);
      recorder.recordPolicy({ name: 'content', ...(violated && { violation: 'warning' }) });
      tally.add('millrace.policy.evaluations');
      if (violated) tally.add('millrace.policy.violations');
    }
    for (const tier of ['1', '2', '3']) {
      const entries = Math.round(2000 + 6000 * busy + 500 * random.next());
      const evicted = random.poisson(3 * busy);
      const expired = random.poisson(5);
      recorder.recordCacheEvent({ tier, operation: 'evict', count: evicted, sizeBytes: entries * 2048, entries });
      recorder.recordCacheEvent({ tier, operation: 'expire', count: expired });
      tally.add('millrace.cache.evictions', evicted);
      tally.add('millrace.cache.expirations', expired);
      tally.set('millrace.cache.size', [tier], entries * 2048);
      tally.set('millrace.cache.entries', [tier], entries);
    }
  }

  /** Optimisation: an experiment, a bandit, tuned parameters. */
  #tuning(random: Random, busy: number): void {
    const rows = this.#rows;
    for (const variant of ['control', 'shorter_prompt']) {
      const assigned = random.poisson(5 * busy) + 1;
      rows.count('millrace.experiment.assignments', ['prompt', variant], assigned);
      rows.count('millrace.experiment.successes', ['prompt', variant], Math.floor(assigned * random.between(0.5, 1)) + 1);
    }
    rows.set('millrace.experiment.confidence', ['prompt'], random.between(0.6, 0.97));
    const arm = random.pick(tasks).name;
    rows.count('millrace.bandit.selections', ['router', arm]);
    rows.observe('millrace.bandit.reward', ['router', arm], random.next());
    rows.observe('millrace.optimization.score', ['cost'], random.between(0.4, 0.95));
    rows.set('millrace.optimization.parameter.value', ['cache_size'], Math.round(4000 + 4000 * busy));
    rows.set('millrace.optimization.parameter.value', ['timeout_ms'], 8 * second);
    rows.count('millrace.optimization.parameter.changes', ['cache_size']);
    if (random.chance(0.3)) rows.count('millrace.optimization.recommendations', [random.pick(['cache', 'routing', 'model'])]);
  }

  /** A stream of events of the application, with windows and a watermark, through a broker. */
  #streams(random: Random, busy: number): void {
    const rows = this.#rows;
    const events = random.poisson(300 * busy) + 20;
    const failed = random.poisson(0.3);
    rows.count('millrace.stream.events.received', ['feedback', 'click'], events);
    rows.count('millrace.stream.events.processed', ['feedback', 'click'], events - failed);
    if (failed > 0) rows.count('millrace.stream.errors', ['feedback', 'schema'], failed);
    rows.count('millrace.stream.events.late', ['feedback'], random.poisson(4));
    for (let i = 0; i < 5; i++) rows.observe('millrace.stream.processing.duration', ['feedback'], random.lognormal(0.003, 0.6));
    rows.set('millrace.stream.backpressure', ['feedback'], 1 + random.poisson(30 * busy));
    rows.set('millrace.stream.operator.queue.size', ['feedback', 'join'], 1 + random.poisson(9 * busy));
    rows.set('millrace.stream.lag', ['feedback'], random.lognormal(0.8, 0.5));
    rows.set('millrace.stream.windows.active', ['feedback'], 5);
    rows.count('millrace.stream.windows.closed', ['feedback']);
    rows.set('millrace.stream.watermark.lag', ['feedback'], random.lognormal(4, 0.3));
    rows.count('messaging.client.sent.messages', ['feedback', undefined], events);
    rows.count('messaging.client.consumed.messages', ['feedback', undefined], events);
    rows.set('millrace.messaging.consumer.lag', ['feedback', 'aggregator'], 1 + random.poisson(50 * busy));
  }

  /** A store for the state of the stream. */
  #stores(random: Random, busy: number): void {
    const rows = this.#rows;
    for (const operation of ['get', 'put', 'delete']) {
      const count = random.poisson(100 * busy) + 1;
      rows.count('millrace.state.operations', ['rocksdb', operation], count);
      rows.observe('millrace.state.operation.duration', ['rocksdb', operation], random.lognormal(0.0004, 0.8));
    }
    rows.set('millrace.state.size', ['rocksdb'], Math.round((80 + 60 * busy) * mebibyte));
    rows.set('millrace.state.entries', ['rocksdb'], Math.round(40_000 + 30_000 * busy));
    rows.count('millrace.state.checkpoints', ['rocksdb', 'ok']);
    rows.observe('millrace.state.checkpoint.duration', ['rocksdb'], random.lognormal(0.4, 0.4));
  }
}

const limits: readonly (readonly [provider: string, kind: string, most: number])[] = [
  ['openai', 'requests', 10_000],
  ['openai', 'tokens', 2_000_000],
  ['anthropic', 'requests', 4000],
];
