import type { Warning } from './problem.ts';

/** Where a configuration comes from. */
export interface ResolveOptions {
  /** The values of `--config`, in order: a path, or `scheme:...` with scheme file, env, yaml, http, https. Later ones are merged over earlier ones. */
  readonly locations: readonly string[];
  /** The values of `--set`, such as `exporters.otlp.endpoint=x:4317`, merged over all locations. */
  readonly set?: readonly string[];
  /** The environment that `${env:NAME}` and `${NAME}` read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** The gates that are on. Known here: `confmap.enableMergeAppendOption`. */
  readonly featureGates?: ReadonlySet<string>;
  /** Reads a file; the default is the file system. Rejects as `fs.promises.readFile` does. */
  readonly readFile?: (path: string) => Promise<Uint8Array>;
  /** Fetches http and https locations; the default is the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A merged and expanded configuration; every value in it knows where it was written. Opaque: hand it to `checkConfig` or `printConfig`. */
export interface ResolvedConfig {
  readonly warnings: readonly Warning[];
}

/** Reads, merges and expands. Throws a `ConfigError` with all the problems. */
export function resolveConfig(options: ResolveOptions): Promise<ResolvedConfig> {
  throw new Error('not there yet', { cause: options });
}
