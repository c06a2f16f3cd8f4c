import { parseArgs } from 'node:util';
import type { SummaryDimension } from '@millrace/genai';

const commands = [
  'validate',
  'components',
  'print-config',
  'featuregate',
  'replay',
  'test',
  'explain',
  'new',
  'summary',
  'cost',
  'detect',
  'forecast',
  'history',
] as const;

/** Written here again, so that a start does not load what only `cost` needs. */
const dimensions = ['model', 'provider', 'user', 'team', 'task', 'tier', 'api_key'] as const satisfies readonly SummaryDimension[];

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
  /** Whether `validate` first rewrites what is old in the configuration's files. */
  readonly fix: boolean;
  readonly firstSteps: boolean;
  /** Of `replay`: the base URL of the destination, and headers as `Name: value`. */
  readonly to?: string;
  readonly header: readonly string[];
  /** Of `test`: whether golden files are written. */
  readonly update: boolean;
  /** Of `explain`: a trace id, the number of an item from 1 on, the node where it enters. */
  readonly trace?: string;
  readonly item?: number;
  readonly at?: string;
  /** Of `summary` and `cost`: how far to look back, a Go duration; where a pipeline runs; by what the cost is broken down; whether JSON is printed. */
  readonly window?: string;
  readonly endpoint?: string;
  readonly by: SummaryDimension;
  readonly json: boolean;
  /** Of `detect` and `forecast`: the columns of the file by name; how many steps are forecast; how many steps make a season. */
  readonly timestamp?: string;
  readonly value?: string;
  readonly horizon?: number;
  readonly season?: number;
  /** Threads that share the work, the main one included; absent: one for each core. */
  readonly workers?: number;
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
  new           Make a folder with a plugin and its test: new <processor|receiver|exporter|connector> <name>
  test          Run the tests of *.test.yaml files on the configuration, and of plugins (*.test.ts): test [file ...]
  explain       Tell what every node does to the items of a file: explain <file> --config <location>
  summary       Tell what generative AI did and cost: in a running pipeline with exporter summary, or in files of OTLP/JSON: summary [file ...]
  cost          The cost by model, user, team, task, ...: cost [file ...]
  detect        Print the anomalies of a series: detect <file.csv>
  forecast      Print how a series goes on: forecast <file.csv> --horizon <n>
  history       Look into the store of extension history: history <info|vacuum|export|import> <directory> [file]
  replay        Send the batches of a stored queue or of dead letters: replay <path> --to <url>

Flags:
  --config <location>     A file, or env:, file:, yaml:, http: or https: location; repeat it to merge, later ones win
  --set <key=value>       Set one configuration property, such as --set processors.batch.timeout=2s
  --feature-gates <list>  Comma-separated gates; -gate disables
  --workers <n>           Threads that share the work (default: GOMAXPROCS if set, else one for each core)
  --first-steps           Print how to send a first span, metric and log when ready
  --fix                   validate: first rewrite old names and forms in the files, comments kept
  --to <url>              replay: where to send OTLP over HTTP, such as http://localhost:4318
  --header <name: value>  replay: a header of the requests; may be repeated
  --update                test: write the golden files
  --trace <id>            explain: the items of one trace, together
  --item <n>              explain: the n-th item alone
  --at <node>             explain: where the items enter, such as receivers/otlp
  --window <duration>     summary, cost: how far to look back, such as 15m (default: 1h of a pipeline, all of files)
  --endpoint <address>    summary, cost: where exporter summary listens (default localhost:55681)
  --by <name>             cost: model (default), provider, user, team, task, tier or api_key
  --json                  summary, cost, history info: print JSON
  --timestamp <column>    detect, forecast: the column of the times (default: timestamp, time, date, ... or the first)
  --value <column>        detect, forecast: the column of the values (default: value, ... or the second)
  --horizon <n>           forecast: how many steps
  --season <m>            forecast: how many steps make a season (default: found in the series)
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

function positiveNumber(flag: string, value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`invalid argument "${value}" for "--${flag}": must be a number from 1 on`);
  return Number(value);
}

function workerCount(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new Error(`invalid argument "${value}" for "--workers": must be a number from 1 to 999`);
  return Number(value);
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
      workers: { type: 'string' },
      fix: { type: 'boolean', default: false },
      'first-steps': { type: 'boolean', default: false },
      to: { type: 'string' },
      update: { type: 'boolean', default: false },
      trace: { type: 'string' },
      item: { type: 'string' },
      window: { type: 'string' },
      endpoint: { type: 'string' },
      by: { type: 'string', default: 'model' },
      json: { type: 'boolean', default: false },
      at: { type: 'string' },
      timestamp: { type: 'string' },
      value: { type: 'string' },
      horizon: { type: 'string' },
      season: { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
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
    fix: values.fix,
    firstSteps: values['first-steps'],
    ...(values.to !== undefined && { to: values.to }),
    header: values.header,
    update: values.update,
    ...(values.trace !== undefined && { trace: values.trace }),
    ...(values.item !== undefined && { item: positiveNumber('item', values.item) }),
    ...(values.at !== undefined && { at: values.at }),
    ...(values.window !== undefined && { window: values.window }),
    ...(values.endpoint !== undefined && { endpoint: values.endpoint }),
    by: oneOf('by', values.by, dimensions),
    json: values.json,
    ...(values.timestamp !== undefined && { timestamp: values.timestamp }),
    ...(values.value !== undefined && { value: values.value }),
    ...(values.horizon !== undefined && { horizon: positiveNumber('horizon', values.horizon) }),
    ...(values.season !== undefined && { season: positiveNumber('season', values.season) }),
    ...(values.workers !== undefined && { workers: workerCount(values.workers) }),
    version: values.version,
    help: values.help,
  };
}
