import { parseTemplate, Regex } from '@millrace/regex';
import type { Template } from '@millrace/regex';
import { readDefinitions } from './definitions.ts';
import type { ProductDefinition } from './definitions.ts';

/** A browser or an operating system. */
export interface Product {
  /** `Other` when nobody knows it. */
  readonly name: string;
  /** The parts joined by dots; empty when there are none. */
  readonly version: string;
}

const maxCached = 1000;

/** Tells a product by a user agent: compiles expressions when they are first needed and keeps what it found lately. */
class ProductParser {
  readonly #definitions: Definition[];
  readonly #cache = new Map<string, Product>();

  /** `parts`: how many parts a version can have. */
  constructor(definitions: readonly ProductDefinition[], parts: number) {
    this.#definitions = definitions.map((definition) => new Definition(definition, parts));
  }

  parse(userAgent: string): Product {
    const known = this.#cache.get(userAgent);
    if (known !== undefined) return known;
    if (this.#cache.size >= maxCached) this.#cache.clear();
    const product = this.#find(userAgent);
    this.#cache.set(userAgent, product);
    return product;
  }

  #find(userAgent: string): Product {
    let version = '';
    for (const definition of this.#definitions) {
      const product = definition.match(userAgent);
      if (product === undefined) continue;
      if (product.name !== '') return product;
      // One without a name does not count, but its version stays until another matches.
      ({ version } = product);
    }
    return { name: 'Other', version };
  }
}

class Definition {
  readonly #definition: ProductDefinition;
  readonly #parts: number;
  #compiled: { readonly regex: Regex; readonly templates: readonly Template[] } | undefined;

  constructor(definition: ProductDefinition, parts: number) {
    this.#definition = definition;
    this.#parts = parts;
  }

  match(userAgent: string): Product | undefined {
    const { regex, templates } = (this.#compiled ??= this.#compile());
    const match = regex.exec(userAgent);
    if (match === undefined) return undefined;
    const [name, major, ...minor] = templates.map((template) => regex.expand(match, template));
    return { name: name!, version: major! + minor.map((part) => (part === '' ? '' : `.${part}`)).join('') };
  }

  #compile(): { readonly regex: Regex; readonly templates: readonly Template[] } {
    const [expression, ...replacements] = this.#definition;
    const templates = Array.from({ length: this.#parts + 1 }, (_, i) => parseTemplate(replacements[i] || `$${i + 1}`));
    return { regex: new Regex(expression), templates };
  }
}

let parsers: { readonly browsers: ProductParser; readonly systems: ProductParser } | undefined;

function productParsers(): { readonly browsers: ProductParser; readonly systems: ProductParser } {
  if (parsers === undefined) {
    const { browsers, systems } = readDefinitions();
    parsers = { browsers: new ProductParser(browsers, 3), systems: new ProductParser(systems, 4) };
  }
  return parsers;
}

/** The browser, or another program, of a user agent. */
export function browserOf(userAgent: string): Product {
  return productParsers().browsers.parse(userAgent);
}

/** The operating system of a user agent. */
export function systemOf(userAgent: string): Product {
  return productParsers().systems.parse(userAgent);
}
