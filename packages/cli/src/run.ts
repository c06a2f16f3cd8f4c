import { checkConfig, ConfigError, formatProblems, printConfig, resolveConfig } from '@millrace/config';
import type { CheckedConfig, ResolvedConfig } from '@millrace/config';
import { components, unsupportedHint } from '@millrace/distribution';
import { catalogOf, enabledGates, featureGates, Service } from '@millrace/service';
import { parseArguments, usage } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { listComponents } from './list-components.ts';
import { fixFiles } from './fix-files.ts';
import { listFeatureGates } from './list-feature-gates.ts';
import { queueAdvice } from './queue-advice.ts';
import { runService } from './run-service.ts';
import type { TrialCommand } from './run-tests.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

/** Runs one command line to its end and returns the exit code: 0, or 1 after printing `Error: ...` on standard error. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const args = parseArguments(argv);
    if (args.help) terminal.stdout(usage);
    else if (args.version) terminal.stdout(`millrace version ${version}\n`);
    else await runCommand(args, terminal);
    return 0;
  } catch (error) {
    terminal.stderr(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function runCommand(args: Arguments, terminal: Terminal): Promise<void> {
  const gates = enabledGates(args.featureGates);
  switch (args.command) {
    case 'components':
      return terminal.stdout(await listComponents(components, version));
    case 'featuregate':
      return terminal.stdout(listFeatureGates(featureGates, gates, args.operands[0]));
    case 'validate': {
      if (args.fix) await fixFiles(args.config, terminal);
      const config = await check(await resolve(args, gates, terminal), gates, terminal, '');
      await Service.create({ config, components, program: { name: 'millrace', version }, writeLog: () => {} });
      if (config.warnings.length > 0) terminal.stderr(`Warning: ${formatProblems(config.warnings)}\n`);
      return undefined;
    }
    case 'replay': {
      // Loaded when it is asked for: it brings the storage and a client.
      const { replay } = await import('./replay.ts');
      return replay(args, terminal);
    }
    case 'summary':
    case 'cost': {
      const { summarize } = await import('./summarize.ts');
      return summarize(args, terminal);
    }
    case 'detect': {
      const { detectFile } = await import('./detect.ts');
      return detectFile(args, terminal);
    }
    case 'forecast': {
      const { forecastFile } = await import('./forecast.ts');
      return forecastFile(args, terminal);
    }
    case 'history': {
      const { history } = await import('./history.ts');
      return history(args, terminal);
    }
    case 'test': {
      const { runTests } = await import('./run-tests.ts');
      return runTests(args, trialCommand(args, gates, terminal));
    }
    case 'new': {
      const { newPlugin } = await import('./new-plugin.ts');
      return newPlugin(args.operands, terminal);
    }
    case 'explain': {
      const { explainItems } = await import('./explain-items.ts');
      return explainItems(args, trialCommand(args, gates, terminal));
    }
    case 'print-config': {
      const config = await check(await resolve(args, gates, terminal), gates, terminal, 'invalid configuration: ', args.validate);
      return terminal.stdout(printConfig(config, args.mode, args.format));
    }
    case 'run':
      return runService(() => configOf(args, gates, terminal), terminal, { ...args, featureGates: gates });
  }
}

function trialCommand(args: Arguments, gates: ReadonlySet<string>, terminal: Terminal): TrialCommand {
  return {
    terminal,
    check: (config, env, cwd) => configOf({ ...args, config }, gates, { ...terminal, env, cwd }),
    trial: { components, program: { name: 'millrace', version }, featureGates: gates },
  };
}

async function configOf(args: Arguments, gates: ReadonlySet<string>, terminal: Terminal): Promise<CheckedConfig> {
  return check(await resolve(args, gates, terminal), gates, terminal, 'invalid configuration: ');
}

async function resolve(args: Arguments, gates: ReadonlySet<string>, terminal: Terminal): Promise<ResolvedConfig> {
  try {
    return await resolveConfig({ locations: args.config, set: args.set, env: terminal.env, cwd: terminal.cwd, featureGates: gates });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new Error(`failed to get config: ${formatProblems(error.problems)}`, { cause: error });
  }
}

async function check(
  resolved: ResolvedConfig,
  gates: ReadonlySet<string>,
  terminal: Terminal,
  prefix: string,
  validate = true,
): Promise<CheckedConfig> {
  try {
    const config = await checkConfig(resolved, catalogOf(components, unsupportedHint, { cwd: terminal.cwd }), {
      featureGates: gates,
      validate,
    });
    return { ...config, warnings: [...config.warnings, ...queueAdvice(config)] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new Error(`${prefix}${formatProblems(error.problems)}`, { cause: error });
  }
}
