import { toPlain } from '@millrace/wire/plain';

interface Message {
  readonly [field: string]: unknown;
}

const value = (any: Message): unknown => {
  const [[, inner] = [undefined, undefined]] = Object.entries(any);
  return inner instanceof Uint8Array ? Buffer.from(inner).toString('hex') : inner;
};

/** Attributes as an object with sorted names. */
function attributesOf(list: unknown): Record<string, unknown> {
  const pairs = (list as Message[]).map(({ key, value: any }) => [key as string, value((any ?? {}) as Message)] as const);
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** All spans of a request as objects that are easy to compare: each with its resource, scope and attributes; empty parts are left out. */
export function spansOf(bytes: Uint8Array): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (const { resource, scopeSpans } of toPlain('traces', bytes)['resourceSpans'] as Message[])
    for (const { scope, spans } of scopeSpans as Message[])
      for (const span of spans as Message[]) {
        const flat = {
          ...span,
          resource: attributesOf((resource as Message | undefined)?.['attributes'] ?? []),
          scope: scope === undefined ? undefined : { name: (scope as Message)['name'], version: (scope as Message)['version'] },
          attributes: attributesOf(span['attributes']),
          events: (span['events'] as Message[]).map((event) => ({ ...event, attributes: attributesOf(event['attributes']) })),
          links: (span['links'] as Message[]).map((link) => ({ ...link, attributes: attributesOf(link['attributes']) })),
        };
        found.push(prune(flat) as Record<string, unknown>);
      }
  return found;
}

function prune(one: unknown): unknown {
  if (Array.isArray(one)) return one.map(prune);
  if (typeof one !== 'object' || one === null || one instanceof Uint8Array) return one;
  const entries = Object.entries(one)
    .map(([key, inner]) => [key, prune(inner)] as const)
    .filter(([, inner]) => inner !== undefined && !(Array.isArray(inner) && inner.length === 0) && !isEmptyObject(inner));
  return Object.fromEntries(entries);
}

function isEmptyObject(one: unknown): boolean {
  return typeof one === 'object' && one !== null && !(one instanceof Uint8Array) && Object.keys(one).length === 0;
}
