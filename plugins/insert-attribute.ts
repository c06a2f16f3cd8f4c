import { key } from '@millrace/api';
import type { ProcessorFactory } from '@millrace/api';

/** The configuration of `insert_attribute`. */
interface InsertAttributeConfig {
  readonly key: string;
  readonly value: string;
}

/**
 * An example processor in one file: gives every span, log record and data point an attribute unless it has one of that key. It is a
 * visitor, so it shares one walk with its neighbours and an item that already has the attribute is not copied.
 */
export const factory: ProcessorFactory<InsertAttributeConfig> = {
  kind: 'processor',
  type: 'insert_attribute',
  stability: { traces: 'development', metrics: 'development', logs: 'development' },
  configSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['key', 'value'],
    properties: {
      key: { type: 'string', minLength: 1, description: 'Key of the attribute.' },
      value: { type: 'string', description: 'Value that is inserted where the key is absent.' },
    },
  },
  visit(config) {
    const name = key(config.key);
    const value = key(config.value);
    const insert = (item: {
      readonly attributes: { has(k: typeof name): boolean; setString(k: typeof name, v: typeof value): void };
    }): void => {
      if (!item.attributes.has(name)) item.attributes.setString(name, value);
    };
    return { onSpan: insert, onLog: insert, onDataPoint: insert };
  },
};
