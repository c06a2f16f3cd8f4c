/** What a route looks at. */
export type RouteContext = 'request' | 'resource' | 'span' | 'metric' | 'datapoint' | 'log';

/** One line of the routing table. */
export interface RouteConfig {
  readonly context: RouteContext;
  readonly condition: string;
  readonly statement: string;
  readonly action: 'move' | 'copy';
  readonly pipelines: readonly string[];
}

/** The checked configuration. */
export interface RoutingConfig {
  readonly default_pipelines: readonly string[];
  readonly error_mode: 'propagate' | 'ignore' | 'silent';
  readonly table: readonly RouteConfig[];
}

const pipelines = { type: 'array', items: { type: 'string' }, default: [] } as const;

/** JSON Schema of the settings. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    default_pipelines: { ...pipelines, description: 'The pipelines of what no route takes. Without any it is dropped.' },
    error_mode: {
      type: 'string',
      enum: ['propagate', 'ignore', 'silent'],
      default: 'propagate',
      description:
        'What happens where a condition fails: the batch is refused (propagate), or what it failed on goes to the default pipelines, with a line in the log (ignore) or without (silent).',
    },
    table: {
      type: 'array',
      default: [],
      description: 'The routes, in order. The first whose condition holds takes the data.',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          context: {
            type: 'string',
            enum: ['request', 'resource', 'span', 'metric', 'datapoint', 'log'],
            default: 'resource',
            description: 'What the condition is about; a whole resource, metric or request is routed when it is about that.',
          },
          condition: {
            type: 'string',
            default: '',
            description: 'An OTTL condition; in context request `request["KEY"] == "VALUE"` or `!=`.',
          },
          statement: {
            type: 'string',
            default: '',
            description:
              'An OTTL statement in place of a condition: `route() where CONDITION`, or `delete_key` or `delete_matching_keys`, which also change what they take.',
          },
          action: {
            type: 'string',
            enum: ['move', 'copy'],
            default: 'move',
            description: 'Whether what a route takes is gone for the routes after it (move) or goes on (copy).',
          },
          pipelines: { ...pipelines, description: 'Where what the route takes goes: to each of them.' },
        },
      },
    },
  },
} as const;
