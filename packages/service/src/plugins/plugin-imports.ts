import { registerHooks } from 'node:module';
import * as api from '@millrace/api';

/**
 * The modules that plugins and their tests get from this program whatever is installed near them. Each stands on the global object, where the
 * source text that `load` answers takes it from: so it works from sources, from a bundle and in every thread alike.
 */
const provided = new Map<string, object>([['@millrace/api', api]]);
const registry = Symbol.for('@millrace/provided-modules');
const scheme = 'millrace-provided:';
const pluginScheme = 'millrace-plugin:';

/** Where this module is: importing it in another process or thread makes the same imports work there. */
export const importsUrl: string = import.meta.url;

/** Adds a module to what plugins get from this program. */
export function provide(name: string, module: object): void {
  provided.set(name, module);
}

Object.defineProperty(globalThis, registry, { value: provided, configurable: true });

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (provided.has(specifier)) return { url: scheme + specifier, format: 'module', shortCircuit: true };
    if (!specifier.startsWith(pluginScheme)) return nextResolve(specifier, context);
    const { name, from } = JSON.parse(decodeURIComponent(specifier.slice(pluginScheme.length))) as { name: string; from: string };
    return nextResolve(name, { ...context, parentURL: from });
  },
  load(url, context, nextLoad) {
    const module = url.startsWith(scheme) ? provided.get(url.slice(scheme.length)) : undefined;
    if (module === undefined) return nextLoad(url, context);
    const names = Object.keys(module).filter((name) => name !== 'default');
    const source = [
      `const module = globalThis[Symbol.for('@millrace/provided-modules')].get(${JSON.stringify(url.slice(scheme.length))});`,
      ...names.map((name) => `export const ${name} = module.${name};`),
    ].join('\n');
    return { format: 'module', source, shortCircuit: true };
  },
});

function specifierOf(name: string, from: string): string {
  return pluginScheme + encodeURIComponent(JSON.stringify({ name, from }));
}

/** The URL that a file at the URL `from` gets for the name of a package. Throws as an import does. */
export function resolveFrom(name: string, from: string): string {
  return import.meta.resolve(specifierOf(name, from));
}

/** Imports a module by file URL or package name, as a file at the URL `from` would. */
export function importFrom(name: string, from: string): Promise<{ readonly [name: string]: unknown }> {
  return import(specifierOf(name, from)) as Promise<{ readonly [name: string]: unknown }>;
}
