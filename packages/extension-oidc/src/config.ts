/** One issuer of tokens. */
export interface ProviderConfig {
  readonly issuer_url?: string;
  readonly audience?: string;
  readonly ignore_audience?: boolean;
  readonly issuer_ca_path?: string;
  readonly username_claim?: string;
  readonly groups_claim?: string;
  readonly public_keys_file?: string;
}

/** The checked configuration of extension `oidc`: providers, and one more when the old settings beside them are used. */
export interface OidcConfig extends ProviderConfig {
  readonly attribute: string;
  readonly providers: readonly ProviderConfig[];
}

const provider = {
  issuer_url: { type: 'string', description: 'URL of the issuer, exactly as tokens name it in `iss`.' },
  audience: { type: 'string', description: 'What tokens must name in `aud`.' },
  ignore_audience: { type: 'boolean', description: 'Whether tokens for any audience are accepted. Default false.' },
  issuer_ca_path: { type: 'string', description: 'PEM file of the authorities to trust for the issuer, instead of the system’s.' },
  username_claim: { type: 'string', description: 'Claim that names the user, instead of `sub`.' },
  groups_claim: { type: 'string', description: 'Claim that holds the user’s groups.' },
  public_keys_file: {
    type: 'string',
    description: 'File of the issuer’s public keys as JSON Web Key Set; the issuer is then never asked. Read again when it changes.',
  },
};

/** The old form knows no files of keys. */
const { public_keys_file: _, ...oldSettings } = provider;

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    attribute: { type: 'string', default: 'authorization', description: 'Name of the header that carries the token.' },
    providers: {
      type: 'array',
      default: [],
      description: 'The issuers whose tokens are accepted.',
      items: { type: 'object', additionalProperties: false, properties: provider },
    },
    ...Object.fromEntries(
      Object.entries(oldSettings).map(([name, schema]) => [
        name,
        { ...schema, 'x-deprecated': 'move it into providers', description: `Of one more provider: ${schema.description}` },
      ]),
    ),
  },
};

/** The old settings as a provider, if there are any, and the listed ones. */
export function providersOf({ attribute: _attribute, providers, ...old }: OidcConfig): readonly ProviderConfig[] {
  const used = Object.values(old).some((value) => value !== undefined && value !== '' && value !== false);
  return used ? [old, ...providers] : providers;
}
