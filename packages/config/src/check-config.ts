import type { Catalog } from './catalog.ts';
import type { CheckedConfig } from './checked-config.ts';
import type { ResolvedConfig } from './resolve-config.ts';

/** How strictly to check. */
export interface CheckOptions {
  /** The gates that are on. Known here: `service.profilesSupport`, `service.AllowNoPipelines`. */
  readonly featureGates?: ReadonlySet<string>;
  /** False leaves out the rules across settings and sections, as `print-config --validate=false` does. Default true. */
  readonly validate?: boolean;
}

/** Checks a configuration against what a distribution has. Throws a `ConfigError` with ALL the problems. */
export function checkConfig(resolved: ResolvedConfig, catalog: Catalog, options?: CheckOptions): Promise<CheckedConfig> {
  throw new Error('not there yet', { cause: [resolved, catalog, options] });
}
