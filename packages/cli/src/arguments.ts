import { parseArgs } from 'node:util';

const commands = ['validate', 'components', 'print-config', 'featuregate'] as const;

/** What the command line asks for; `run` is the root command. */
export type Command = 'run' | (typeof commands)[number];

/** The parsed command line. */
export interface Arguments {
  readonly command: Command;
  /** What follows the subcommand, such as the gate of `featuregate`. */
  readonly operands: readonly string[];
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly featureGates: string;
  readonly mode: 'redacted' | 'unredacted';
  readonly format: 'yaml' | 'json';
  readonly validate: boolean;
  readonly firstSteps: boolean;
  readonly version: boolean;
  readonly help: boolean;
}

/** The text of `--help`. */
export const usage = `Usage:
  millrace --config <location> [flags]
  millrace <command> [flags]

Commands:
  validate      Resolve and check the configuration and build its graph; silent when all is well
  components    List the components of this binary
  print-config  Print the resolved configuration, secrets redacted
  featuregate   List the feature gates, or show one

Flags:
  --config <location>     A file, or env:, file:, yaml:, http: or https: location; repeat it to merge, later ones win
  --set <key=value>       Set one configuration property, such as --set processors.batch.timeout=2s
  --feature-gates <list>  Comma-separated gates; -gate disables
  --first-steps           Print how to send a first span, metric and log when ready
  --mode <mode>           print-config: redacted (default) or unredacted
  --format <format>       print-config: yaml (default) or json
  --validate=<bool>       print-config: check the configuration first (default true)
  --version               Print the version
  --help                  Print this text
`;

function oneOf<const T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((known) => known === value);
  if (found === undefined) throw new Error(`invalid argument "${value}" for "--${flag}": must be one of ${allowed.join(', ')}`);
  return found;
}

/** Reads the command line. Throws an Error that says what is wrong with it. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      config: { type: 'string', multiple: true, default: [] },
      set: { type: 'string', multiple: true, default: [] },
      'feature-gates': { type: 'string', multiple: true, default: [] },
      mode: { type: 'string', default: 'redacted' },
      format: { type: 'string', default: 'yaml' },
      validate: { type: 'string', default: 'true' },
      'first-steps': { type: 'boolean', default: false },
      version: { type: 'boolean', short: 'v', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [word, ...operands] = positionals;
  const named = word === 'print-initial-config' ? 'print-config' : word;
  const command = named === undefined ? 'run' : commands.find((known) => known === named);
  if (command === undefined) throw new Error(`unknown command "${word}" for "millrace" (commands: ${commands.join(', ')})`);
  return {
    command,
    operands,
    config: values.config,
    set: values.set,
    featureGates: values['feature-gates'].join(','),
    mode: oneOf('mode', values.mode, ['redacted', 'unredacted']),
    format: oneOf('format', values.format, ['yaml', 'json']),
    validate: oneOf('validate', values.validate, ['true', 'false']) === 'true',
    firstSteps: values['first-steps'],
    version: values.version,
    help: values.help,
  };
}
