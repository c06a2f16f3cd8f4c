import { createReadStream, createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { exportLines, HistoryStore, importLines } from '@millrace/history';
import type { StoreInfo } from '@millrace/history';
import type { Arguments } from './arguments.ts';
import type { Terminal } from './terminal.ts';

const clock = { now: () => Date.now(), setTimeout: () => ({ cancel: () => {} }) };

const actions = {
  info: { operands: 1, readOnly: true, usage: 'history info <directory>' },
  vacuum: { operands: 1, readOnly: false, usage: 'history vacuum <directory>' },
  export: { operands: 2, readOnly: true, usage: 'history export <directory> <file>' },
  import: { operands: 2, readOnly: false, usage: 'history import <directory> <file>' },
} as const;

/** Looks into the store of a directory, compacts it, or writes or reads its metrics as lines of JSON. Only what changes it needs it for itself. */
export async function history({ operands, json }: Arguments, terminal: Terminal): Promise<void> {
  const [word = '', ...paths] = operands;
  const usage = Object.values(actions).map((action) => action.usage);
  if (!Object.hasOwn(actions, word)) throw new Error(`history needs one of: ${usage.join(', ')}`);
  const name = word as keyof typeof actions;
  const action = actions[name];
  const [directory, file] = paths.map((path) => resolve(terminal.cwd, path));
  if (directory === undefined || paths.length !== action.operands) throw new Error(`usage: ${action.usage}`);
  const warn = (message: string, attributes: object): void => terminal.stderr(`Warning: ${message} ${JSON.stringify(attributes)}\n`);
  const store = await HistoryStore.open({ directory, clock, warn, threads: false, readOnly: action.readOnly });
  try {
    if (name === 'info') terminal.stdout(json ? `${JSON.stringify(await store.info())}\n` : infoText(await store.info()));
    else if (name === 'vacuum') {
      const before = (await store.info()).sizeBytes;
      await store.vacuum();
      terminal.stdout(`${sizeText(before)} before, ${sizeText((await store.info()).sizeBytes)} now\n`);
    } else if (name === 'export') {
      let lines = 0;
      const counted = async function* (): AsyncGenerator<string> {
        for await (const line of exportLines(store)) {
          lines++;
          yield `${line}\n`;
        }
      };
      await pipeline(Readable.from(counted()), createWriteStream(file!));
      terminal.stdout(`${lines} lines written\n`);
    } else {
      const lines = createInterface({ input: createReadStream(file!), crlfDelay: Infinity });
      const points = await importLines(store, lines);
      await store.compact();
      terminal.stdout(`${points} samples imported\n`);
    }
  } finally {
    await store.close();
  }
}

function infoText({ file, version, sizeBytes, series, pendingPoints, tiers, items }: StoreInfo): string {
  const time = (timeMs: number | undefined): string => (timeMs === undefined ? '' : new Date(timeMs).toISOString());
  const rows = [
    ['', 'number', 'size', 'from', 'to'],
    ...tiers.map((tier) => [tier.name, String(tier.samples), sizeText(tier.sizeBytes), time(tier.startMs), time(tier.endMs)]),
    ...items.map((part) => [part.signal, String(part.items), sizeText(part.sizeBytes), time(part.startMs), time(part.endMs)]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 1 || i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  const head = `${file}: ${sizeText(sizeBytes)}, version ${version}, ${series} series, ${pendingPoints} points not compacted yet`;
  return `${[head, ...lines].join('\n')}\n`;
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
