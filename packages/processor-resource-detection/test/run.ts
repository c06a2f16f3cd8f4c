import { configOf, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { BatchBuilder, walk } from '@millrace/wire';
import type { Batch, PlainAttributes } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { factory } from '../src/index.ts';
import type { ResourceDetectionConfig } from '../src/config.ts';

type Message = Readonly<Record<string, unknown>>;

/** A resource as it comes out. */
export interface Out {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly schemaUrl: string;
}

/** The checked configuration of these settings. */
export function config(settings: object = {}): ResourceDetectionConfig {
  return configOf(factory, settings);
}

/** A batch with one span in each resource. */
export function batchOf(...resources: readonly (readonly [PlainAttributes, string?])[]): Batch {
  const builder = new BatchBuilder('traces', testHost().pool);
  for (const [attributes, schemaUrl] of resources) builder.resource(attributes, schemaUrl).scope('lib').span({ name: 'span' });
  return builder.finish()!;
}

function plainValue(value: unknown): unknown {
  const [inner] = Object.values((value ?? {}) as Message);
  const list = (inner as { values?: unknown[] } | undefined)?.values;
  return Array.isArray(list) ? list.map(plainValue) : inner;
}

function resourcesOf(batch: Batch): Out[] {
  return (toPlain('traces', batch.bytes) as { resourceSpans: Message[] }).resourceSpans.map((group) => {
    const attributes = ((group['resource'] as Message | undefined)?.['attributes'] ?? []) as Message[];
    return {
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)])),
      schemaUrl: (group['schemaUrl'] ?? '') as string,
    };
  });
}

/** A started processor. */
export interface Started {
  readonly context: TestContext;
  /** Runs a batch through; `isSame`: it came out untouched. */
  pass(batch: Batch): { readonly resources: Out[]; readonly isSame: boolean };
  stop(): Promise<void>;
}

/** Starts a processor, with everything in its context that a test gives. */
export async function start(
  checked: ResourceDetectionConfig,
  context: TestContext = testContext({ id: 'resource_detection' }),
): Promise<Started> {
  const visitor = factory.visit!(checked, context);
  const started = Promise.resolve(visitor.start?.(testHost()));
  await started;
  const group = walk([visitor], (_, error) => {
    throw error;
  });
  return {
    context,
    pass: (batch) => {
      const result = group.run(batch);
      const out = { resources: resourcesOf(result!), isSame: result === batch };
      if (result !== batch) result?.release();
      batch.release();
      return out;
    },
    stop: () => Promise.resolve(visitor.shutdown?.(new AbortController().signal)),
  };
}

/** What a processor with these settings writes into a resource without attributes. */
export async function detected(settings: object): Promise<Out> {
  const started = await start(config(settings));
  const [resource] = started.pass(batchOf([{}])).resources;
  await started.stop();
  return resource!;
}
