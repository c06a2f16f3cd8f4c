import type { Ajv as AjvClass, ValidateFunction } from 'ajv';
import { componentFormats, ownKeywords } from './schema.ts';

/** What ajv says about a value, and where in it. */
export interface AjvFault {
  readonly path: readonly string[];
  readonly message: string;
}

let loading: Promise<AjvClass> | undefined;
const compiled = new WeakMap<object, ValidateFunction>();

/** ajv in strict mode, with this project's keywords and formats. Loaded on first use: loading and compiling take longer than all else of a start. */
function load(): Promise<AjvClass> {
  loading ??= import('ajv').then((module) => {
    // In a bundle a CommonJS module has its exports on `default` only.
    const { Ajv = module.default.Ajv } = module as Partial<typeof module>;
    const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true });
    ajv.addVocabulary([...ownKeywords]);
    for (const [name, problemOf] of Object.entries(componentFormats)) ajv.addFormat(name, (text: string) => problemOf(text) === undefined);
    return ajv;
  });
  return loading;
}

/** Checks a decoded value with ajv. Throws an `Error` when the schema itself is not usable. */
export async function checkWithAjv(schema: object, value: unknown): Promise<readonly AjvFault[]> {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    const ajv = await load();
    try {
      validate = ajv.compile(schema);
    } catch (error) {
      throw new Error(`its schema cannot be used: ${(error as Error).message}`, { cause: error });
    }
    compiled.set(schema, validate);
  }
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  const outermost = errors.filter((error) => !errors.some((other) => error.schemaPath.startsWith(`${other.schemaPath}/`)));
  return outermost.map(({ instancePath, message }) => {
    const path = instancePath.split('/').slice(1);
    return { path: path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')), message: message ?? 'is not valid' };
  });
}

/**
 * What is wrong with a component's schema itself: unknown or misplaced keywords, defaults of the wrong type and so on, as ajv in strict mode sees
 * it. Undefined when all is well. For tests of components.
 */
export async function schemaProblem(schema: object): Promise<string | undefined> {
  const ajv = await load();
  try {
    ajv.compile(structuredClone(schema));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
