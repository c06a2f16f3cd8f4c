import type { FactoryEntry } from '@millrace/api';
import { components as standard } from '../packages/distribution/src/components.ts';

export { unsupportedHint } from '../packages/distribution/src/unsupported.ts';

/** The standard components and the example plugin: what a user's own distribution looks like. */
export const components: readonly FactoryEntry[] = [
  ...standard,
  { kind: 'processor', type: 'insert_attribute', load: () => import('../plugins/insert-attribute.ts') },
];
