import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Recipe } from './peers.ts';

/** The folder that keeps installed peers: `$MILLRACE_PEERS`, or `millrace-peers` in the user's cache folder. */
function cacheFolder(): string {
  return process.env['MILLRACE_PEERS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace-peers');
}

/**
 * Returns the absolute path of a peer's product, after installing it from the package registries when this recipe was never installed
 * here: minutes for the Collector. Throws an Error with the failed command's output.
 */
export function install(recipe: Recipe): string {
  const source = join(import.meta.dirname, recipe.files);
  const hash = createHash('sha256').update(JSON.stringify([recipe, process.platform, process.arch]));
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  const folder = join(cacheFolder(), `${recipe.name}-${hash.digest('hex').slice(0, 12)}`);
  const product = join(folder, recipe.product);
  if (existsSync(product)) return product;

  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  try {
    cpSync(source, temporary, { recursive: true });
    for (const [index, command] of recipe.commands.entries()) run(recipe, index, command, temporary);
    if (!existsSync(join(temporary, recipe.product))) throw new Error(`installing ${recipe.name}: ${recipe.product} was not made`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return product;
}

function run(recipe: Recipe, index: number, [program, ...args]: readonly [string, ...string[]], folder: string): void {
  const extra = Object.entries(recipe.env ?? {}).map(([name, value]) => [name, value.replace('{install}', folder)]);
  const result = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...Object.fromEntries(extra) } as NodeJS.ProcessEnv,
  });
  if (result.status === 0 || recipe.mayFail?.includes(index) === true) return;
  const why = result.error?.message ?? `${result.stdout}${result.stderr}`.slice(-4000);
  throw new Error(`installing ${recipe.name}: ${[program, ...args].join(' ')} failed: ${why}`);
}
