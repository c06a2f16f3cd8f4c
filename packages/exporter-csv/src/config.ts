import { outputProperties } from '@millrace/output-file';
import type { OutputConfig } from '@millrace/output-file';

/** The checked configuration of exporter `csv`. */
export interface CsvConfig extends OutputConfig {
  readonly path: string;
  readonly attributes: readonly string[];
  readonly resource_attributes: readonly string[];
  readonly content: 'drop' | 'keep';
}

const names = { type: 'array', items: { type: 'string' }, default: [] } as const;

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    path: {
      type: 'string',
      default: '',
      description: 'Path of the file. Required. A * in it stands for the signal: traces, metrics or logs. A file holds one signal.',
    },
    attributes: { ...names, description: 'Attributes of spans, log records and data points that get a column of their own.' },
    resource_attributes: { ...names, description: 'Attributes of the resource that get a column, named resource. and the attribute.' },
    content: {
      type: 'string',
      enum: ['drop', 'keep'],
      default: 'drop',
      description: 'Whether prompts, responses and other content of AI requests are written, or their cells stay empty.',
    },
    ...outputProperties,
  },
} as const;
