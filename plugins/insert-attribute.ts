import { defineProcessor, key } from '@millrace/api';
import type { AttributesEdit } from '@millrace/api';

/** Gives every span, log record and data point an attribute unless it has one of that key. */
export default defineProcessor({
  type: 'insert_attribute',
  configSchema: {
    type: 'object',
    required: ['key', 'value'],
    properties: {
      key: { type: 'string', minLength: 1, description: 'Key of the attribute.' },
      value: { type: 'string', description: 'Value that is inserted where the key is absent.' },
    },
  },
  setup: (config) => ({ name: key(config.key), value: key(config.value) }),
  spans: (span, state) => insert(span.attributes, state),
  logs: (log, state) => insert(log.attributes, state),
  points: (point, state) => insert(point.attributes, state),
});

function insert(attributes: AttributesEdit, { name, value }: Record<'name' | 'value', ReturnType<typeof key>>): void {
  if (!attributes.has(name)) attributes.setString(name, value);
}
