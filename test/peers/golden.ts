import { execFileSync } from 'node:child_process';
import type { GoldenCase, GoldenSuite, Program } from '../golden.ts';
import { install } from './install.ts';
import { startOtelcol } from './otelcol.ts';
import { peers } from './peers.ts';

/** Whether the expectation of a case is what the real Collector does. */
export function recorded({ differs, reference }: GoldenCase): boolean {
  return differs === undefined && reference === undefined;
}

/** The real Collector as a program for the cases of a component, and what it calls the component. */
export function goldenCollector({ kind, entry }: GoldenSuite): { program: Program; type: string } {
  const listed = execFileSync(install(peers.otelcol), ['components'], { encoding: 'utf8' });
  const section = listed.split(`${kind}s:`)[1] ?? '';
  const names = [...(section.split(/\n\w/)[0] ?? '').matchAll(/- name: (\S+)/g)].map(([, name]) => name);
  const type = [entry.type, ...(entry.aliases ?? [])].find((name) => names.includes(name));
  if (type === undefined) throw new Error(`the Collector has no ${kind} ${entry.type}: its cases need "reference: semantics"`);
  return { program: (config, gates) => startOtelcol(config, {}, peers.otelcol, gates), type };
}
