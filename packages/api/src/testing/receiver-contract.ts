import type { Signal } from '@millrace/wire';
import { PipelineError } from '../pipeline-error.ts';
import type { Consumed } from '../consumer.ts';
import type { ReceiverFactory } from '../factory.ts';
import { factoryContract, lifecycleContract, noDeadline, supportedSignals } from './contract.ts';
import type { TestApi } from './contract.ts';
import { exampleRequest, itemNames } from './example-batch.ts';
import { Sink } from './sink.ts';
import { systemClock, testContext, testHost } from './test-context.ts';

/** What a sender was told: taken, send it again, or do not send it again. */
export type Answer = 'taken' | 'retryable' | 'permanent';

/** A configuration of the receiver, and a sender that knows where it listens. */
export interface ReceiverExample<C> {
  /** A checked configuration, with a free port. */
  readonly config: C;
  /** Sends one encoded request to the started receiver. Absent for a receiver that nobody can send to. */
  send?(signal: Signal, request: Buffer): Promise<Answer>;
  close?(): Promise<void> | void;
}

const refuse = (kind: 'permanent' | 'retryable'): never => {
  throw new PipelineError(`the pipeline refuses: ${kind}`, { kind });
};

const scenarios: Readonly<Record<string, (call: number) => Consumed>> = {
  'takes everything': () => undefined,
  'takes everything later': () => new Promise((resolve) => setImmediate(resolve)),
  'refuses everything for good': () => refuse('permanent'),
  'refuses everything for now': () => refuse('retryable'),
  'takes, refuses for now and refuses for good in turn': (call) => {
    if (call % 3 === 0) return undefined;
    return call % 3 === 1 ? refuse('retryable') : Promise.reject(new PipelineError('the pipeline refuses', { kind: 'permanent' }));
  },
};

/**
 * What holds for every receiver: it shuts down in any state; it acknowledges exactly what the pipeline took; it tells the sender whether to
 * send again; a request that is sent until it is taken arrives once; no handle is kept or lost. Runs on the machine's clock.
 */
export function receiverContract<C>(
  test: TestApi,
  factory: ReceiverFactory<C>,
  open: () => Promise<ReceiverExample<C>> | ReceiverExample<C>,
): void {
  const { describe, it, expect } = test;
  const supported = supportedSignals(factory.stability);
  const make = async () => {
    const example = await open();
    const sinks = new Map<Signal, Sink>(supported.map((signal) => [signal, new Sink()]));
    const context = testContext({ id: factory.type, kind: 'receiver', clock: systemClock });
    const component = factory.create(example.config, sinks, context);
    return { component, host: testHost(), clock: context.clock, sinks, example, close: () => example.close?.() };
  };
  describe(`contract of receiver ${factory.type}`, () => {
    factoryContract(test, factory);
    lifecycleContract(test, make);
    for (const signal of supported) {
      for (const [name, behaviour] of Object.entries(scenarios)) {
        it(`acknowledges exactly what was taken when the ${signal} pipeline ${name}`, async () => {
          const { component, host, sinks, example, close } = await make();
          const sink = sinks.get(signal) as Sink;
          const expected: Answer[] = [];
          let call = 0;
          sink.before = () => {
            try {
              const consumed = behaviour(call++);
              if (consumed === undefined) expected.push('taken');
              return consumed?.then(
                () => void expected.push('taken'),
                (error: PipelineError) => {
                  expected.push(error.kind);
                  throw error;
                },
              );
            } catch (error) {
              expected.push((error as PipelineError).kind);
              throw error;
            }
          };
          await component.start?.(host);
          try {
            const answers: Answer[] = [];
            const taken: Buffer[] = [];
            for (let i = 0; i < 6; i++) {
              const request = exampleRequest(signal, 10, i * 10);
              const answer = await example.send?.(signal, request);
              if (answer === undefined) continue;
              answers.push(answer);
              if (answer === 'taken') taken.push(request);
            }
            expect(answers).toEqual(expected);
            expect(itemNames(sink.requests)).toEqual(itemNames(taken));
          } finally {
            await component.shutdown?.(noDeadline());
            await close();
          }
          expect(host.memory.accounted).toEqual(0);
        });
      }
    }
  });
}
