import { goTypeOf, positionOf } from './config-node.ts';
import type { ConfigNode, Place } from './config-node.ts';
import type { Fault } from './constraints.ts';
import type { Problem, Warning } from './problem.ts';
import { goName } from './schema.ts';
import type { Formats, Schema } from './schema.ts';

/** Where the decoder is. */
export interface Spot {
  /** The keys that lead there, from the top of the configuration. */
  readonly path: string;
  /** The same as the Collector's decoder shows it, from the top of the component: `protocols.grpc`, `headers[x]`, `list[0]`. */
  readonly label: string;
  readonly place: Place;
  readonly secret: boolean;
}

/** What is being decoded. */
export interface DecodeTarget {
  readonly schema: Schema;
  /** What the path of every notice starts with, such as `exporters::otlp_grpc`. */
  readonly path: string;
  /** What messages call the top, in quotes. */
  readonly name: string;
  /** What the Collector's decoder puts before every key that it names; empty for a component. */
  readonly label: string;
  /** What every message starts with, such as `'exporters' error reading configuration for "otlp_grpc": `. */
  readonly prefix: string;
  readonly formats: Formats;
}

/** A value that could not be decoded; its problem is recorded. */
export const broken: unique symbol = Symbol('broken');

/** What is wrong with what is being decoded, in the Collector's words. */
export class DecodeReport {
  readonly problems: Problem[] = [];
  readonly warnings: Warning[] = [];
  readonly #target: DecodeTarget;

  constructor(target: DecodeTarget) {
    this.#target = target;
  }

  /** Records what is wrong with the setting at a spot. */
  fail(spot: Spot, fault: Fault, verdict: Problem['verdict'] = 'invalid'): typeof broken {
    this.problems.push({ ...positionOf(spot.place), path: spot.path, ...fault, message: this.#sentence(spot, fault), verdict });
    return broken;
  }

  /** Records that a rule is broken, which the Collector finds only when all types are right, and words otherwise. */
  failRule(spot: Spot, message: string): typeof broken {
    this.problems.push({ ...positionOf(spot.place), path: spot.path, message: `${spot.path}: ${message}`, verdict: 'invalid' });
    return broken;
  }

  wrongType(spot: Spot, types: readonly string[], node: ConfigNode, wanted: string = types.map(goName).join(' or ')): typeof broken {
    const message = `expected type '${wanted}', got unconvertible type '${goTypeOf(node)}'`;
    const quoted = node.kind === 'scalar' && typeof node.value === 'string' && types.includes('integer');
    return this.fail(spot, quoted ? { message, expected: 'a number without quotes' } : { message });
  }

  warn(spot: Spot, fault: Fault): void {
    this.warnings.push({ ...positionOf(spot.place), path: spot.path, ...fault, message: this.#sentence(spot, fault), level: 'warn' });
  }

  #sentence(spot: Spot, { message }: Fault): string {
    return `${this.#target.prefix}'${spot.label === '' ? this.#target.name : spot.label}' ${message}`;
  }
}
