/** The checked configuration of extension `bearertokenauth`. */
export interface BearerTokenAuthConfig {
  readonly header: string;
  readonly scheme: string;
  readonly token?: string;
  readonly tokens?: readonly string[];
  readonly filename?: string;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    header: { type: 'string', default: 'Authorization', description: 'Name of the header.' },
    scheme: { type: 'string', default: 'Bearer', description: 'Text in front of the token, with a space between them; may be empty.' },
    token: { type: 'string', 'x-secret': true, description: 'The token.' },
    tokens: {
      type: 'array',
      items: { type: 'string' },
      'x-secret': true,
      description: 'Several tokens: a server accepts each, a client sends the first.',
    },
    filename: {
      type: 'string',
      description: 'File that holds tokens, one per line, in place of `token` and `tokens`. Read again when it changes.',
    },
  },
};
