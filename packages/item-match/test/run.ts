import { AttributeActions, validateActions } from '@millrace/item-match';
import type { AttributeAction } from '@millrace/item-match';
import { testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { BatchBuilder, noClient, walk } from '@millrace/wire';
import type { Client, Plain, PlainAttributes, Visitor } from '@millrace/wire';

/** An action with the settings that a test leaves out. */
export function action(settings: Partial<AttributeAction>): AttributeAction {
  return { key: '', pattern: '', from_attribute: '', from_context: '', converted_type: '', action: '', ...settings };
}

/** What is wrong with one action. */
export function problemOf(settings: Partial<AttributeAction>): string | undefined {
  return validateActions([action(settings)], 'actions')[0];
}

/** Shows spans with these attributes to a visitor; whether the batch came out as it was, and the attributes that did. */
export function pass(
  visitor: Visitor,
  spans: readonly PlainAttributes[],
  client: Client = noClient,
): { readonly isSame: boolean; readonly out: readonly { readonly [key: string]: Plain }[] } {
  const builder = new BatchBuilder('traces', testHost().pool);
  const scope = builder.resource({ 'service.name': 'shop' }).scope('lib');
  for (const attributes of spans) scope.span({ attributes });
  using batch = builder.finish(client)!;
  const fail = (_: number, error: unknown): never => {
    throw error;
  };
  const result = walk([visitor], fail).run(batch)!;
  const out: { readonly [key: string]: Plain }[] = [];
  walk([{ onSpan: ({ attributes }) => void out.push(attributes.toPlain()) }], fail).run(result);
  if (result !== batch) result.release();
  return { isSame: result === batch, out };
}

/** Applies actions to spans with these attributes. */
export function apply(
  actions: readonly Partial<AttributeAction>[],
  spans: readonly PlainAttributes[],
  client: Client = noClient,
): ReturnType<typeof pass> & { readonly context: TestContext } {
  const context = testContext();
  const compiled = new AttributeActions(actions.map(action), context.logger);
  const visitor: Visitor = { onSpan: (span) => compiled.apply(span.attributes, span.resource) };
  return { ...pass(visitor, spans, client), context };
}
