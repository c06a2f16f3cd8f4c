import { isPermanent, lend, PipelineError } from '@millrace/api';
import type { Batch, ConnectorOutputs, Consumed, Consumer, Context, Signal, Stage, Visitor } from '@millrace/api';
import { TransformContext } from '@millrace/ottl';
import { walk } from '@millrace/wire';
import type { MetricEdit, ResourceEdit, Walk } from '@millrace/wire';
import type { RoutingConfig } from './config.ts';
import { compileRoute } from './route.ts';
import type { Route } from './route.ts';

type RoutedSignal = Exclude<Signal, 'profiles'>;

/** What a route says of something: `failed` sends it to the default pipelines. */
type Answer = 'taken' | 'left' | 'failed';

const isAboutItems: ReadonlySet<Route['about']> = new Set(['span', 'log', 'datapoint']);

/** A way out of the connector: what a route takes, or what no route does. */
interface Way {
  readonly pipelines: readonly Consumer[];
  /** Whether item `i` of the batch goes this way. */
  taken: Uint8Array;
  items: number;
  /** Makes the part of a batch that goes this way. */
  readonly part: Walk;
}

/**
 * Decides in one walk which way every item goes, then hands each way its part. A batch that goes one way as a whole, which is usual, is handed
 * on as it is. A refusal by any pipeline is the connector's: the sender offers the batch again, to all of them.
 */
export class Routing implements Stage {
  readonly #context: Context;
  readonly #config: RoutingConfig;
  readonly #routes: readonly Route[];
  /** One for each route, and at the end what no route takes. */
  readonly #ways: readonly Way[];
  readonly #decide: Walk;
  readonly #shown = new TransformContext();
  #item = 0;
  #failure: Error | undefined = undefined;
  /** What the routes about requests, resources and metrics say of those that are being walked. */
  readonly #answers: Answer[];

  constructor(config: RoutingConfig, signal: RoutedSignal, next: ConnectorOutputs, context: Context) {
    this.#context = context;
    this.#config = config;
    const now = (): bigint => BigInt(context.clock.now()) * 1_000_000n;
    this.#routes = config.table.map((route) => compileRoute(route, now));
    const report = (_visitor: number, error: unknown): void => {
      this.#failure ??= error as Error;
    };
    this.#ways = [...config.table.map(({ pipelines }) => pipelines), config.default_pipelines].map((ids, index) => {
      const way: Way = {
        pipelines: ids.map((id) => pipelineOf(next, id)),
        taken: new Uint8Array(1024),
        items: 0,
        part: walk([partVisitor(() => way.taken, signal, this.#routes[index])], report),
      };
      return way;
    });
    this.#answers = this.#routes.map(() => 'left');
    this.#decide = walk([this.#visitor(signal)], report);
  }

  consume(batch: Batch): Consumed {
    this.#item = 0;
    this.#failure = undefined;
    for (const way of this.#ways) {
      way.items = 0;
      if (way.taken.length < batch.items) way.taken = new Uint8Array(2 * batch.items);
      way.taken.fill(0, 0, batch.items);
    }
    for (const [index, route] of this.#routes.entries()) {
      if (route.about === 'request') this.#answers[index] = route.matchesRequest(batch) ? 'taken' : 'left';
    }
    this.#decide.run(batch);
    if (this.#failure !== undefined) {
      throw new PipelineError((this.#failure as Error).message, { kind: 'permanent', cause: this.#failure });
    }
    return this.#send(batch);
  }

  /** Hands every way its part. */
  #send(batch: Batch): Consumed {
    const lost = this.#ways.at(-1)!;
    const { items } = this.#context;
    let copies = -batch.items;
    for (const way of this.#ways) copies += way.items * way.pipelines.length;
    const dropped = lost.pipelines.length === 0 ? lost.items : 0;
    const pending: Promise<void>[] = [];
    const errors: unknown[] = [];
    for (const way of this.#ways) {
      if (way.items === 0 || way.pipelines.length === 0) continue;
      const whole = way.items === batch.items && this.#routes[this.#ways.indexOf(way)]?.edit === undefined;
      const part = whole ? batch : way.part.run(batch);
      if (part === undefined) continue;
      using held = part === batch ? undefined : part;
      for (const pipeline of way.pipelines) {
        try {
          const consumed = held === undefined ? pipeline.consume(batch) : lend(pipeline, held.hold());
          if (consumed !== undefined) pending.push(consumed);
        } catch (error) {
          errors.push(error);
        }
      }
    }
    const conclude = (): void => {
      if (errors.length > 0) throw errors.find((error) => !isPermanent(error)) ?? errors[0];
      if (dropped > 0) items.drop(dropped, 'no_route');
      if (copies + dropped > 0) items.create(copies + dropped);
    };
    if (pending.length === 0) {
      conclude();
      return undefined;
    }
    return Promise.allSettled(pending).then((outcomes) => {
      for (const outcome of outcomes) if (outcome.status === 'rejected') errors.push(outcome.reason);
      conclude();
    });
  }

  refusing(): PipelineError | undefined {
    for (const { pipelines } of this.#ways) {
      for (const pipeline of pipelines) {
        const error = pipeline.refusing?.();
        if (error !== undefined) return error;
      }
    }
    return undefined;
  }

  #visitor(signal: RoutedSignal): Visitor {
    const shown = this.#shown;
    const onResource = (resource: ResourceEdit): void => this.#decideFor('resource', shown.onResource(resource));
    if (signal === 'traces') return { onResource, onSpan: (span) => this.#route(shown.onSpan(span)) };
    if (signal === 'logs') return { onResource, onLog: (log) => this.#route(shown.onLog(log)) };
    return {
      onResource,
      onMetric: (metric: MetricEdit) => this.#decideFor('metric', shown.onMetric(metric)),
      onDataPoint: (point) => this.#route(shown.onDataPoint(point)),
    };
  }

  /** Asks the routes about a resource or metric, for all items in it. */
  #decideFor(about: Route['about'], shown: TransformContext): void {
    for (let index = 0; index < this.#routes.length; index++) {
      const route = this.#routes[index]!;
      if (route.about === about) this.#answers[index] = this.#test(route, shown);
    }
  }

  #test(route: Route, shown: TransformContext): Answer {
    try {
      return route.matches(shown) ? 'taken' : 'left';
    } catch (error) {
      if (this.#config.error_mode === 'propagate') {
        this.#failure ??= error as Error;
      } else if (this.#config.error_mode === 'ignore') {
        this.#context.logger.warn('A routing condition fails; what it fails on goes to the default pipelines', {
          error: (error as Error).message,
        });
      }
      return 'failed';
    }
  }

  /** Decides which way the next item goes. */
  #route(shown: TransformContext): void {
    const item = this.#item++;
    const last = this.#ways.length - 1;
    for (let index = 0; index < last; index++) {
      const route = this.#routes[index]!;
      const answer = isAboutItems.has(route.about) ? this.#test(route, shown) : this.#answers[index];
      if (answer === 'left') continue;
      this.#take(answer === 'taken' ? index : last, item);
      if (answer === 'failed' || !route.isCopy) return;
    }
    this.#take(last, item);
  }

  #take(way: number, item: number): void {
    const { taken } = this.#ways[way]!;
    if (taken[item] === 1) return;
    taken[item] = 1;
    this.#ways[way]!.items++;
  }
}

/** Keeps the items that go one way, and changes them as its route says. */
function partVisitor(taken: () => Uint8Array, signal: RoutedSignal, route: Route | undefined): Visitor {
  const shown = new TransformContext();
  const { about = 'request', edit, editsUpward = false } = route ?? {};
  const editItem = isAboutItems.has(about) ? edit : undefined;
  let item = 0;
  const isLeft = (): boolean => taken()[item++] !== 1;
  const visitor: Visitor = {
    onBatchEnd: () => {
      item = 0;
    },
    ...(editsUpward && { traits: { editsUpward } }),
    ...(edit !== undefined && about === 'resource' && { onResource: (resource: ResourceEdit) => edit(shown.onResource(resource)) }),
    ...(edit !== undefined && about === 'metric' && { onMetric: (metric: MetricEdit) => edit(shown.onMetric(metric)) }),
  };
  if (signal === 'traces') visitor.onSpan = (span) => (isLeft() ? 'drop' : editItem?.(shown.onSpan(span)));
  else if (signal === 'logs') visitor.onLog = (log) => (isLeft() ? 'drop' : editItem?.(shown.onLog(log)));
  else visitor.onDataPoint = (point) => (isLeft() ? 'drop' : editItem?.(shown.onDataPoint(point)));
  return visitor;
}

function pipelineOf({ byPipeline }: ConnectorOutputs, id: string): Consumer {
  const found = byPipeline.get(id);
  if (found === undefined)
    throw new Error(`pipeline not found: "${id}" (pipelines behind the connector: ${[...byPipeline.keys()].join(', ')})`);
  return found;
}
