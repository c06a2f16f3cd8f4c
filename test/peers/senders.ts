import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { install } from './install.ts';
import { peers } from './peers.ts';
import type { Signal } from './items.ts';

/** An SDK with one of its OTLP protocols. */
export interface Sender {
  readonly language: 'JavaScript' | 'Python' | 'Go' | 'Java';
  readonly protocol: 'http/json' | 'http/protobuf' | 'grpc';
}

/** Every SDK and protocol that is tested. */
export const senders: readonly Sender[] = [
  { language: 'JavaScript', protocol: 'http/json' },
  { language: 'JavaScript', protocol: 'http/protobuf' },
  { language: 'JavaScript', protocol: 'grpc' },
  { language: 'Python', protocol: 'http/protobuf' },
  { language: 'Python', protocol: 'grpc' },
  { language: 'Go', protocol: 'http/protobuf' },
  { language: 'Go', protocol: 'grpc' },
  { language: 'Java', protocol: 'http/protobuf' },
  { language: 'Java', protocol: 'grpc' },
];

const commands: Record<Sender['language'], () => [string, ...string[]]> = {
  JavaScript: () => [process.execPath, '--conditions=@millrace/source', join(import.meta.dirname, 'js/send.ts')],
  Python: () => [install(peers.pythonSdk), join(import.meta.dirname, 'python/send.py')],
  Go: () => [install(peers.goSdk)],
  Java: () => ['java', '-cp', javaClassPath(), 'Send'],
};

function javaClassPath(): string {
  const classes = dirname(install(peers.javaSdk));
  return `${classes}:${join(classes, '..', 'libs')}/*`;
}

/**
 * Runs the SDK in a process of its own: it makes its known set of telemetry, sends every export to every endpoint (`http://host:port`) and
 * flushes. Returns how many items of each signal it made. Rejects when an endpoint refused something.
 */
export async function send(sender: Sender, seed: number, endpoints: readonly string[]): Promise<Record<Signal, number>> {
  const [program, ...args] = commands[sender.language]();
  const { stdout } = await promisify(execFile)(program, [...args, sender.protocol, String(seed), ...endpoints]);
  return JSON.parse(stdout) as Record<Signal, number>;
}
