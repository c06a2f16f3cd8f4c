import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { explain, itemRequests, Trial } from '@millrace/trial';
import type { Arguments } from './arguments.ts';
import type { TrialCommand } from './run-tests.ts';

/** How many items are explained one by one; a file may have millions. */
const maxItems = 100;

/**
 * Prints what every node of the configuration does to the items of a file of OTLP/JSON requests: to those of one trace together (`--trace`), to
 * one (`--item`, counted from 1), otherwise to each of the first 100 alone.
 */
export async function explainItems(
  { operands, config, trace, item, at }: Arguments,
  { terminal, check, trial }: TrialCommand,
): Promise<void> {
  const [path] = operands;
  if (path === undefined || operands.length > 1)
    throw new Error('explain needs one file of OTLP/JSON requests, such as the file exporter writes');
  if (config.length === 0) throw new Error('explain needs --config');
  const text = await readFile(resolve(terminal.cwd, path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${path}: ${error.code}`);
  });
  const requests = itemRequests(text, path, trace);
  if (requests.length === 0) throw new Error(trace === undefined ? `${path} has no items` : `${path} has nothing of trace ${trace}`);
  const chosen = item === undefined ? requests.slice(0, maxItems) : requests.slice(item - 1, item);
  if (chosen.length === 0) throw new Error(`${path} has ${requests.length} items`);
  const checked = await check(config, terminal.env, terminal.cwd);
  for (const [index, question] of chosen.entries()) {
    const lines = await explain(await Trial.start({ ...trial, config: checked }), { ...question, ...(at !== undefined && { node: at }) });
    terminal.stdout(`${index > 0 ? '\n' : ''}${lines.join('\n')}\n`);
  }
  const left = requests.length - chosen.length;
  if (item === undefined && left > 0) terminal.stdout(`\n${left} more: choose with --item or --trace\n`);
}
