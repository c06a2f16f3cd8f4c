const hidden = '?';

/** Positions (from 0) of the argument that holds a value. */
const nth: Readonly<Record<string, number>> = Object.fromEntries([
  ...'APPEND GETSET LPUSHX GEORADIUSBYMEMBER RPUSHX SET SETNX SISMEMBER ZRANK ZREVRANK ZSCORE'.split(' ').map((command) => [command, 1]),
  ...'HSETNX LREM LSET SETBIT SETEX PSETEX SETRANGE ZINCRBY SMOVE RESTORE'.split(' ').map((command) => [command, 2]),
  ['LINSERT', 3],
]);
/** Of which all but the first argument are values. */
const allButFirst = new Set('GEOHASH GEOPOS GEODIST LPUSH RPUSH SREM ZREM SADD'.split(' '));

/** Redis commands, one a line, with question marks for the arguments that are values. The same as the Collector's. */
export function obfuscateRedis(commands: string): string {
  const done: string[] = [];
  let command = '';
  let args: string[] = [];
  for (const { isCommand, text } of tokensOf(commands)) {
    if (!isCommand) args.push(text);
    else {
      if (command !== '') done.push(obfuscated(command, args));
      command = text;
      args = [];
    }
  }
  return [...done, obfuscated(command, args)].join('\n');
}

/** The words of each line, of which the first is a command; quotes keep words and lines together. */
function* tokensOf(commands: string): Generator<{ readonly isCommand: boolean; readonly text: string }> {
  const text = commands.trim();
  let isCommand = true;
  for (let i = 0; i < text.length;) {
    while (i < text.length && /[ \t\r]/.test(text[i]!)) i++;
    if (text[i] === '\n') {
      isCommand = true;
      i++;
      continue;
    }
    const pattern = isCommand ? /[^ \n]*/y : /(?:\\[^]|"(?:[^"\\]|\\[^])*(?:"|$)|[^ \n"\\])*/y;
    pattern.lastIndex = i;
    const word = pattern.exec(text)![0];
    if (word === '') break;
    yield { isCommand, text: word };
    isCommand = false;
    i += word.length;
  }
}

function obfuscated(command: string, args: string[]): string {
  if (args.length === 0) return command;
  const name = command.toUpperCase();
  const hide = (from: number, step: number): void => {
    for (let i = from; i < args.length; i += step) args[i] = hidden;
  };
  if (name === 'AUTH') args = [hidden];
  else if (allButFirst.has(name)) args = args.length > 1 ? [args[0]!, hidden] : args;
  else if (nth[name] !== undefined) hide(nth[name], Infinity);
  else if (name === 'GEOADD') hide(3, 3);
  else if (name === 'HSET' || name === 'HMSET') hide(2, 2);
  else if (name === 'MSET' || name === 'MSETNX') hide(1, 2);
  else if (name === 'CONFIG' && args[0]!.toUpperCase() === 'SET') hide(2, Infinity);
  else if (name === 'BITFIELD') {
    const set = args.findIndex((arg) => arg.toUpperCase() === 'SET');
    if (set > 0) hide(set + 3, Infinity);
  } else if (name === 'ZADD') {
    let first = 1;
    while (first < args.length - 1 && ['NX', 'XX', 'CH', 'INCR'].includes(args[first]!)) first++;
    hide(first + 1, 2);
  }
  return `${command} ${args.join(' ')}`;
}
