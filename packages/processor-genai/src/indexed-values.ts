import type { Message } from './messages.ts';
import { messageOf } from './messages.ts';
import { isJson, isText, toolCallPart } from './parts.ts';
import { toolDefinitions } from './tool-definitions.ts';

interface Node {
  [name: string]: unknown;
}

/** Segments by which OpenInference repeats what an element is, directly behind its index. */
const wrappers = new Set(['message', 'message_content', 'tool_call', 'tool', 'document', 'prompt', 'completion']);
/** More segments are no path of a message. */
const deepest = 16;

/** Paths that are remembered; there are few, since they have no other part that changes than indices. */
const mostPaths = 2048;
const noPath: readonly string[] = [];

/** Puts together what flattened attributes took apart. */
export class IndexedValues {
  readonly #prefix: string;
  readonly #paths = new Map<string, readonly string[]>();
  #root: Node | undefined;

  /** What stands in front of the index, without the dot. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  clear(): void {
    this.#root = undefined;
  }

  /** Takes in one attribute. */
  add(key: string, value: unknown): void {
    const path = this.#pathOf(key);
    const last = path.length - 1;
    if (last < 0) return;
    let node = (this.#root ??= empty());
    for (let i = 0; i < last; i++) {
      const next = node[path[i]!];
      node = isJson(next) ? (next as Node) : ((node[path[i]!] = empty()) as Node);
    }
    if (node[path[last]!] === undefined) node[path[last]!] = value;
  }

  #pathOf(key: string): readonly string[] {
    let path = this.#paths.get(key);
    if (path === undefined) {
      path = parsePath(key.slice(this.#prefix.length + 1));
      if (this.#paths.size >= mostPaths) this.#paths.clear();
      this.#paths.set(key, path);
    }
    return path;
  }

  /** The messages; undefined when there are none. */
  messages(role: string): Message[] | undefined {
    const messages: Message[] = [];
    for (const element of this.elements()) {
      if (!isJson(element)) continue;
      const { content, contents, text, function_call_name: called, function_call_arguments_json: given, ...rest } = element;
      const message = messageOf({ ...rest, content: content ?? contents ?? text }, role);
      if (message === undefined) continue;
      messages.push(isText(called) ? { ...message, parts: [...message.parts, toolCallPart(undefined, called, given)] } : message);
    }
    return messages.length > 0 ? messages : undefined;
  }

  tools(): readonly unknown[] | undefined {
    return toolDefinitions(this.elements().map((tool) => (isJson(tool) && tool['json_schema'] !== undefined ? tool['json_schema'] : tool)));
  }

  /** The elements in the order of their indices. */
  elements(): readonly unknown[] {
    return this.#root === undefined ? [] : Object.values(lists(this.#root) as object);
  }
}

function empty(): Node {
  return Object.create(null) as Node;
}

function parsePath(path: string): readonly string[] {
  const given = path.split('.');
  if (given.length > deepest) return noPath;
  const segments = given.filter((segment, place) => place === 0 || !(wrappers.has(segment) && isIndex(given[place - 1]!)));
  // `image.image.url` is the picture of the block.
  const { length } = segments;
  const isMedia = length > 3 && segments[length - 1] === 'url' && segments[length - 2] === segments[length - 3];
  if (isMedia) segments.length -= 2;
  return segments;
}

function isIndex(segment: string): boolean {
  const { length } = segment;
  if (length === 0 || length > 6) return false;
  for (let i = 0; i < length; i++) if (segment.charCodeAt(i) < 0x30 || segment.charCodeAt(i) > 0x39) return false;
  return true;
}

/** Maps by index become lists; integer keys stand in their order. */
function lists(value: unknown): unknown {
  if (!isJson(value)) return value;
  const names = Object.keys(value);
  // Integer keys come first, in their order.
  if (isIndex(names.at(-1) ?? '')) return names.map((name) => lists(value[name]));
  const node = value as Node;
  for (const name of names) if (isJson(node[name])) node[name] = lists(node[name]);
  return node;
}
