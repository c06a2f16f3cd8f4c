/** The checked configuration of extension `basicauth`: exactly one of the two sections. */
export interface BasicAuthConfig {
  readonly htpasswd?: HtpasswdConfig;
  readonly client_auth?: ClientAuthConfig;
}

/** Who may send. */
export interface HtpasswdConfig {
  readonly file?: string;
  readonly inline?: string;
}

/** Who we are. */
export interface ClientAuthConfig {
  readonly username?: string;
  readonly username_file?: string;
  readonly password?: string;
  readonly password_file?: string;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    htpasswd: {
      type: 'object',
      additionalProperties: false,
      description:
        'For servers: the users, one `name:password` per line, passwords hashed with bcrypt, MD5 or SHA crypt, {SHA}, {SSHA} or not at all.',
      properties: {
        file: { type: 'string', description: 'File of users. Read again when it changes.' },
        inline: { type: 'string', 'x-secret': true, description: 'Users as text. They replace users of the same name in `file`.' },
      },
    },
    client_auth: {
      type: 'object',
      additionalProperties: false,
      description: 'For clients: the user to send as.',
      properties: {
        username: { type: 'string', description: 'Name of the user.' },
        username_file: { type: 'string', description: 'File that holds the name, in place of `username`. Read again when it changes.' },
        password: { type: 'string', 'x-secret': true, description: 'Password of the user.' },
        password_file: { type: 'string', description: 'File that holds the password, in place of `password`. Read again when it changes.' },
        aws_secrets_manager: {
          'x-unsupported': 'fetch the secret into files and name them in username_file and password_file',
          description: 'Secret in AWS Secrets Manager.',
        },
      },
    },
  },
};
