/** The checked configuration of extension `pprof`. */
export interface PprofConfig {
  readonly endpoint: string;
  readonly save_to_file: string;
}

const noEffect = { 'x-deprecated': 'remove it: JavaScript has no such profile' };

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: { type: 'string', default: 'localhost:1777', description: 'Address to listen on, as host:port.' },
    save_to_file: {
      type: 'string',
      default: '',
      description: 'File to write a CPU profile of the whole run to, at the end, sampled every 20 ms. Empty: none.',
    },
    block_profile_fraction: { ...noEffect, type: 'integer', description: 'Has no effect.' },
    mutex_profile_fraction: { ...noEffect, type: 'integer', description: 'Has no effect.' },
  },
};
