import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';
import { varint } from './varint.ts';

/** One field of any protobuf message. A length-delimited one has children when its content reads as a message. */
interface Node {
  number: number;
  wireType: number;
  value: Buffer;
  children?: Node[];
  /** Zero bits that pad the tag, the length and the value, in varint bytes. */
  padding?: number;
}

function readVarint(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10 && at + i < bytes.length; i++) {
    const c = bytes[at + i]!;
    value += (c & 127) * 2 ** (7 * i);
    if (c < 128) return { value, next: at + i + 1 };
  }
  return undefined;
}

function parse(bytes: Buffer, depth = 0): Node[] | undefined {
  const nodes: Node[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = readVarint(bytes, at);
    if (tag === undefined || tag.value < 8 || tag.value > 1 << 20) return undefined;
    const wireType = tag.value & 7;
    let start = tag.next;
    let end: number;
    if (wireType === 0) end = readVarint(bytes, start)?.next ?? Infinity;
    else if (wireType === 1) end = start + 8;
    else if (wireType === 5) end = start + 4;
    else if (wireType === 2) {
      const length = readVarint(bytes, start);
      start = length?.next ?? Infinity;
      end = start + (length?.value ?? 0);
    } else return undefined;
    if (end > bytes.length) return undefined;
    const value = bytes.subarray(start, end);
    const children = wireType === 2 && value.length > 1 && depth < 40 ? parse(value, depth + 1) : undefined;
    nodes.push({ number: tag.value >>> 3, wireType, value, ...(children !== undefined && { children }) });
    at = end;
  }
  return nodes;
}

function write(nodes: readonly Node[]): Buffer {
  return Buffer.concat(
    nodes.flatMap(({ number, wireType, value, children, padding = 0 }) => {
      // The reference reads tags of at most 5 bytes.
      const tag = varint(number * 8 + wireType, Math.min(padding, 3));
      const content = children === undefined ? value : write(children);
      return wireType === 2 ? [tag, varint(content.length, padding), content] : [tag, content];
    }),
  );
}

/** Every list of fields in the tree. */
function lists(nodes: Node[]): Node[][] {
  return [nodes, ...nodes.flatMap(({ children }) => (children === undefined ? [] : lists(children)))];
}

function unknownField(random: Random): Node[] {
  const number = random.pick([13, 17, 30, 31, 100, 536870911]);
  switch (random.below(5)) {
    case 0:
      return [{ number, wireType: 0, value: varint(random.below(1 << 30), random.below(3)) }];
    case 1:
      return [{ number, wireType: 1, value: random.bytes(8) }];
    case 2:
      return [{ number, wireType: 2, value: random.bytes(random.below(20)) }];
    case 3:
      return [{ number, wireType: 5, value: random.bytes(4) }];
    default: {
      const depth = random.once(4) ? random.pick([99, 100, 101, 2000]) : 1 + random.below(3);
      const open = Array.from({ length: depth }, () => ({ number, wireType: 3, value: Buffer.alloc(0) }));
      return [...open, ...(random.once(2) ? unknownField(random) : []), ...open.map((node) => ({ ...node, wireType: 4 }))].slice(
        0,
        random.once(8) ? -1 : undefined,
      );
    }
  }
}

const deepValues = new Map<number, Buffer>();

/** The content of an `ArrayValue` with arrays in each other. */
function deepArray(depth: number): Buffer {
  let content = deepValues.get(depth);
  if (content === undefined) {
    content = Buffer.of(0x10, 1);
    for (let i = 0; i < depth; i++) {
      const value = Buffer.concat([varint(0x0a), varint(content.length), content]);
      content = Buffer.concat([varint(0x2a), varint(value.length), value]);
    }
    deepValues.set(depth, content);
  }
  return Buffer.concat([varint(0x0a), varint(content.length), content]);
}

/** Changes that keep every length right: most results are legal, many of them odd. */
function mutateTree(nodes: Node[], donor: Node[], random: Random): void {
  const list = random.pick(lists(nodes));
  const at = random.below(list.length || 1);
  const node = list[at];
  switch (random.below(13)) {
    case 0:
      if (node !== undefined) list.splice(random.below(list.length + 1), 0, structuredClone(node));
      break;
    case 1:
      list.splice(at, 1);
      break;
    case 2:
      if (node !== undefined) list.splice(random.below(list.length), 0, ...list.splice(at, 1));
      break;
    case 3:
      list.splice(at, 0, ...structuredClone(random.pick(lists(donor))));
      break;
    case 4:
      list.splice(at, 0, ...unknownField(random));
      break;
    case 5:
      if (node !== undefined) node.number = 1 + random.below(17);
      break;
    case 6:
      if (node !== undefined) node.wireType = random.below(8);
      break;
    case 7:
      if (node !== undefined) node.padding = 1 + random.below(9);
      break;
    case 8:
      if (node?.wireType === 0)
        node.value = random.pick([
          varint(2 ** 52),
          varint(5, 3),
          Buffer.alloc(10, 0xff),
          Buffer.from('ffffffffffffffffff01', 'hex'),
          varint(0),
        ]);
      else if (node !== undefined) node.value = random.bytes(node.value.length);
      break;
    case 9:
      if (node !== undefined && node.children === undefined && node.wireType === 2) node.value = random.bytes(random.below(40));
      break;
    case 10:
      list.splice(at, 0, { number: 5, wireType: 2, value: deepArray(random.pick([2, 10, 61, 62, 63, 64, 65, 500, 5000])) });
      break;
    case 11:
      // Packed numbers one by one, or a run of single ones in several packed pieces.
      if (node?.wireType === 2 && node.value.length % 8 === 0 && node.value.length > 0) {
        const parts = Array.from({ length: node.value.length / 8 }, (_, i) => node.value.subarray(i * 8, i * 8 + 8));
        list.splice(at, 1, ...parts.map((value) => ({ number: node.number, wireType: random.once(3) ? 2 : 1, value })));
      }
      break;
    default:
      for (let i = list.length - 1; i > 0; i--) {
        const other = random.below(i + 1);
        [list[i], list[other]] = [list[other]!, list[i]!];
      }
  }
}

/** A mutant of a request: one to four changes, of the tree or of the bytes; one in ten is the request itself. */
export function mutateProtobuf(bytes: Buffer, donor: Buffer, random: Random): Buffer {
  if (random.once(10)) return bytes;
  let mutant = bytes;
  const nodes = random.below(3) > 0 ? parse(bytes) : undefined;
  if (nodes !== undefined) {
    const pieces = parse(donor) ?? [];
    for (let i = random.below(4); i >= 0; i--) mutateTree(nodes, pieces, random);
    mutant = write(nodes);
    if (random.below(5) > 0) return mutant;
  }
  for (let i = random.below(2); i >= 0; i--) mutant = mutateBytes(mutant, donor, random);
  return mutant;
}
