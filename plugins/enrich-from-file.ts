import { readFile } from 'node:fs/promises';
import { defineProcessor, key } from '@millrace/api';
import type { AttributesEdit, Key } from '@millrace/api';

interface Row {
  readonly name: Key;
  readonly value: Key;
}

/**
 * Adds attributes from a file, by the value of another attribute. The file is JSON: for each value an object with the attributes to add, such
 * as `{"acme": {"tenant.tier": "gold"}}`. What an item has already stays.
 */
export default defineProcessor({
  type: 'enrich_from_file',
  configSchema: {
    type: 'object',
    required: ['by', 'file'],
    properties: {
      by: { type: 'string', minLength: 1, description: 'Key of the attribute whose value is looked up.' },
      file: { type: 'string', minLength: 1, description: 'Path of the JSON file. It is read when the pipeline starts.' },
    },
  },
  async setup(config, { logger }) {
    const table = JSON.parse(await readFile(config.file, 'utf8')) as Record<string, Record<string, string>>;
    const rows = new Map<string, readonly Row[]>();
    for (const [value, attributes] of Object.entries(table))
      rows.set(
        value,
        Object.entries(attributes).map(([name, text]) => ({ name: key(name), value: key(text) })),
      );
    logger.info('The lookup file is read.', { file: config.file, rows: rows.size });
    return { by: key(config.by), rows };
  },
  spans: (span, state) => enrich(span.attributes, state.by, state.rows),
  logs: (log, state) => enrich(log.attributes, state.by, state.rows),
  points: (point, state) => enrich(point.attributes, state.by, state.rows),
});

function enrich(attributes: AttributesEdit, by: Key, rows: ReadonlyMap<string, readonly Row[]>): void {
  const wanted = attributes.string(by);
  if (wanted === undefined) return;
  for (const { name, value } of rows.get(wanted) ?? []) if (!attributes.has(name)) attributes.setString(name, value);
}
