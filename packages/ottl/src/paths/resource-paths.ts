import type { ResourceEdit, ScopeEdit } from '@millrace/wire';
import type { TransformContext } from '../transform-context.ts';
import { numberEntry, textEntry } from './access.ts';
import type { PathOwner } from './access.ts';
import { attributesEntry } from './map-entry.ts';

const resource = (context: TransformContext): ResourceEdit => context.resource as ResourceEdit;
const scope = (context: TransformContext): ScopeEdit => context.scope as ScopeEdit;
const uint32 = (value: bigint): bigint => BigInt.asUintN(32, value);

/** `resource.attributes` and its like. */
export const resourcePaths: PathOwner = {
  name: 'resource',
  paths: {
    attributes: attributesEntry((context) => context.resource.attributes),
    dropped_attributes_count: numberEntry(
      (context) => context.resource.droppedAttributesCount,
      (context, value) => resource(context).fields.setVarint(2, uint32(value)),
    ),
    schema_url: textEntry(
      (context) => context.resource.schemaUrl,
      (context, value) => resource(context).setSchemaUrl(value),
    ),
  },
};

/** `scope.name` and its like. */
export const scopePaths: PathOwner = {
  name: 'scope',
  paths: {
    name: textEntry(
      (context) => context.scope.name,
      (context, value) => scope(context).setName(value),
    ),
    version: textEntry(
      (context) => context.scope.version,
      (context, value) => scope(context).setVersion(value),
    ),
    attributes: attributesEntry((context) => context.scope.attributes),
    dropped_attributes_count: numberEntry(
      (context) => context.scope.droppedAttributesCount,
      (context, value) => scope(context).fields.setVarint(4, uint32(value)),
    ),
    schema_url: textEntry(
      (context) => context.scope.schemaUrl,
      (context, value) => scope(context).setSchemaUrl(value),
    ),
  },
};
