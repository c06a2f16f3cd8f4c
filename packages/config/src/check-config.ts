import type { Catalog, ComponentKind } from './catalog.ts';
import { componentKinds } from './catalog.ts';
import { checkComponents } from './check-components.ts';
import type { CheckedSection } from './check-components.ts';
import { checkPlugins } from './check-plugins.ts';
import { checkReferences } from './check-references.ts';
import { checkService } from './check-service.ts';
import type { CheckedConfig } from './checked-config.ts';
import { goKindOf, isNull, positionOf } from './config-node.ts';
import type { ConfigNode, MapNode } from './config-node.ts';
import { nearest } from './nearest.ts';
import { ConfigError } from './problem.ts';
import type { Problem, Warning } from './problem.ts';
import type { ResolvedConfig } from './resolve-config.ts';

/** How strictly to check. */
export interface CheckOptions {
  /** The gates that are on. Known here: `service.profilesSupport`, `service.AllowNoPipelines`. */
  readonly featureGates?: ReadonlySet<string>;
  /** False leaves out the rules across settings and sections, as `print-config --validate=false` does. Default true. */
  readonly validate?: boolean;
}

const sectionNames: readonly string[] = [...componentKinds.map((kind) => `${kind}s`), 'plugins', 'service'];

/**
 * Checks a configuration against what a distribution has: every section and setting, then the rules across them. Throws a `ConfigError` with ALL
 * the problems; nothing else.
 */
export async function checkConfig(resolved: ResolvedConfig, catalog: Catalog, options: CheckOptions = {}): Promise<CheckedConfig> {
  const { root } = resolved;
  const gates = options.featureGates ?? new Set<string>();
  const validate = options.validate ?? true;
  const problems: Problem[] = unknownSections(root);
  const warnings: Warning[] = [...resolved.warnings];
  const pluginProblems: Problem[] = [];
  const { plugins, catalog: extended } = await checkPlugins(root, catalog, pluginProblems);
  // Without a plugin its types are unknown: whatever else could be said would be misleading.
  if (pluginProblems.length > 0) throw new ConfigError(inOrderOfText(pluginProblems));
  const sections = new Map<ComponentKind, CheckedSection>();
  const sectionOf = async (kind: ComponentKind): Promise<void> => {
    sections.set(kind, await checkComponents(kind, sectionNode(root, `${kind}s`, problems), extended, validate));
  };
  const serviceNode = sectionNode(root, 'service', problems);
  await Promise.all(componentKinds.map(sectionOf));
  const unread = new Set(problems.map(({ path, suggestion }) => suggestion ?? path));
  for (const kind of componentKinds) {
    problems.push(...sections.get(kind)!.problems);
    warnings.push(...sections.get(kind)!.warnings);
  }
  const service = checkService(serviceNode, root.place, validate, gates);
  warnings.push(...service.warnings);
  if (validate) problems.push(...checkReferences(root, sections, service, gates, unread));
  problems.push(...service.problems);
  if (problems.length > 0) throw new ConfigError(inOrderOfText(problems));
  const [receivers, processors, exporters, connectors, extensions] = componentKinds.map((kind) => sections.get(kind)!.components);
  return {
    plugins,
    receivers: receivers!,
    processors: processors!,
    exporters: exporters!,
    connectors: connectors!,
    extensions: extensions!,
    service: service.service,
    warnings,
  };
}

function inOrderOfText(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  return problems.toSorted((a, b) => {
    return files.indexOf(a.file) - files.indexOf(b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
  });
}

function unknownSections(root: MapNode): Problem[] {
  const unknown = [...root.entries].filter(([key]) => !sectionNames.includes(key));
  return unknown.map(([key, entry]) => {
    const suggestion = nearest(key, sectionNames);
    return {
      ...positionOf(entry.place),
      path: key,
      message: `'' has invalid keys: ${key}`,
      expected: `one of: ${sectionNames.join(', ')}`,
      ...(suggestion === undefined ? {} : { suggestion }),
      verdict: 'invalid',
    };
  });
}

/** A section's map; undefined when it is absent, null or (a problem) something else. */
function sectionNode(root: MapNode, name: string, problems: Problem[]): MapNode | undefined {
  const entry = root.entries.get(name);
  const node: ConfigNode | undefined = entry?.node;
  if (node === undefined || isNull(node) || node.kind === 'map') return node?.kind === 'map' ? node : undefined;
  const message = `'${name}' expected a map or struct, got "${goKindOf(node)}"`;
  problems.push({ ...positionOf(entry!.place), path: name, message, verdict: 'invalid' });
  return undefined;
}
