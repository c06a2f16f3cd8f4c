import { outputProperties } from '@millrace/output-file';
import type { OutputConfig } from '@millrace/output-file';

/** The checked configuration of exporter `file`. */
export interface FileConfig extends OutputConfig {
  readonly path: string;
  readonly format: 'json' | 'proto';
  readonly compression: '' | 'zstd';
  readonly compression_params: { readonly level: number };
  readonly group_by: {
    readonly enabled: boolean;
    readonly resource_attribute: string;
    readonly max_open_files: number;
  };
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    path: {
      type: 'string',
      default: '',
      description: 'Path of the file. Required. With group_by it contains one *, which stands for the group.',
    },
    format: {
      type: 'string',
      enum: ['json', 'proto'],
      default: 'json',
      description: 'json: one OTLP/JSON object a line. proto: protobuf messages, each after its length in 4 bytes, big-endian.',
    },
    compression: {
      type: 'string',
      enum: ['', 'zstd'],
      default: '',
      description:
        'zstd: each message is compressed by itself and stands after its compressed length in 4 bytes, big-endian, also with format json.',
    },
    compression_params: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How to compress.',
      properties: {
        level: {
          type: 'integer',
          default: 0,
          description: 'Level of zstd: 1 (fastest), 3, 6 or 11 (smallest); others are rounded down to one of these, 0 means 3.',
        },
      },
    },
    group_by: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Writes each resource to a file that one of its attributes names.',
      properties: {
        enabled: { type: 'boolean', default: false, description: 'Whether to group. Resources without the attribute are dropped then.' },
        resource_attribute: {
          type: 'string',
          default: 'fileexporter.path_segment',
          description: 'The resource attribute whose text takes the place of * in path.',
        },
        max_open_files: {
          type: 'integer',
          minimum: 1,
          default: 100,
          description: 'Number of files that are open at the same time. The one that was written longest ago is closed first.',
        },
      },
    },
    ...outputProperties,
    encoding: { 'x-unsupported': 'there are no encoding extensions; use format' },
  },
} as const;
