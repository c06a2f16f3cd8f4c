import { integer } from './endpoint.ts';
import type { Endpoint, Schema } from './endpoint.ts';
import { commonParameters } from './parameters.ts';

const pagination: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['limit', 'offset', 'total'],
  properties: { limit: integer, offset: integer, total: integer, next_offset: integer },
};
const failure = { $ref: '#/components/responses/Error' };

/** What there is, as OpenAPI 3.1. */
export function openApi(endpoints: readonly Endpoint[], version: string): object {
  return {
    openapi: '3.1.0',
    info: { title: 'millrace analytics', version, description: 'What AI services used, cost and will cost.' },
    paths: Object.fromEntries(endpoints.map((endpoint) => [endpoint.path, { get: operation(endpoint) }])),
    components: {
      responses: {
        Error: {
          description: 'The request is wrong (400), names what is not there (404), or cannot be answered now (500, 503).',
          content: {
            'application/json': {
              schema: { type: 'object', additionalProperties: false, required: ['error'], properties: { error: { type: 'string' } } },
            },
          },
        },
      },
    },
  };
}

function operation(endpoint: Endpoint): object {
  const { path, summary, parameters, text } = endpoint;
  return {
    operationId: path.slice(1).replaceAll(/[^a-z]+/g, '_'),
    summary,
    parameters: Object.entries({ ...parameters, ...commonParameters }).map(([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      description,
      schema,
    })),
    responses: {
      200: {
        description: summary,
        content: {
          ...(text !== undefined && { 'text/plain': { schema: { type: 'string' } } }),
          'application/json': { schema: answerSchema(endpoint) },
          'text/csv': { schema: { type: 'string' } },
        },
      },
      default: failure,
    },
  };
}

function answerSchema({ rows, columns, facts, optional = [] }: Endpoint): Schema {
  const row = {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(columns).filter((name) => !optional.includes(name)),
    properties: columns,
  };
  return {
    type: 'object',
    additionalProperties: false,
    required: [...Object.keys(facts).filter((name) => !optional.includes(name)), rows, 'pagination'],
    properties: { ...facts, [rows]: { type: 'array', items: row }, pagination },
  };
}
