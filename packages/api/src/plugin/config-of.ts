/** The types of JSON Schema that a setting can have. */
export type SchemaType = 'string' | 'integer' | 'number' | 'boolean' | 'null' | 'array' | 'object';

/**
 * A JSON Schema of settings, as plugins write it. Objects with `properties` take no other keys unless `additionalProperties` says so. A setting with
 * a `default` is always there; `format: 'duration'` takes texts such as `5s`; the value of a setting with `x-secret` is never printed.
 */
export interface ConfigSchema {
  readonly type?: SchemaType | readonly SchemaType[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: { readonly [name: string]: ConfigSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | ConfigSchema;
  readonly patternProperties?: { readonly [pattern: string]: ConfigSchema };
  readonly propertyNames?: ConfigSchema;
  readonly items?: ConfigSchema;
  readonly anyOf?: readonly ConfigSchema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-secret'?: boolean;
  readonly 'x-deprecated'?: string;
  readonly 'x-null-enables'?: boolean;
}

/** The schema of a plugin that has none. */
export interface NoSettings {
  readonly type: 'object';
  readonly additionalProperties: false;
}

/** Refuses what is no keyword at any depth, since an inferred type may have keys that nobody asked for: their values would have to be `never`. */
export type OnlyKeywords<S> = {
  readonly [Keyword in keyof S]: Keyword extends 'properties' | 'patternProperties'
    ? { readonly [Name in keyof S[Keyword]]: OnlyKeywords<S[Keyword][Name]> }
    : Keyword extends 'items' | 'additionalProperties' | 'propertyNames'
      ? S[Keyword] extends object
        ? OnlyKeywords<S[Keyword]>
        : S[Keyword]
      : Keyword extends keyof ConfigSchema
        ? S[Keyword]
        : never;
};

/** The type of the settings that a schema describes, defaults filled in. */
export type ConfigOf<S> = S extends { readonly const: infer Value }
  ? Value
  : S extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : S extends { readonly anyOf: readonly (infer Branch)[] }
      ? ConfigOf<Branch>
      : S extends { readonly type: readonly (infer Type)[] }
        ? OfType<S, Type>
        : S extends { readonly type: infer Type }
          ? OfType<S, Type>
          : S extends { readonly properties: object }
            ? OfObject<S>
            : S extends { readonly items: infer Item }
              ? readonly ConfigOf<Item>[]
              : unknown;

type OfType<S, Type> = Type extends 'string'
  ? string
  : Type extends 'integer' | 'number'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'null'
        ? null
        : Type extends 'array'
          ? S extends { readonly items: infer Item }
            ? readonly ConfigOf<Item>[]
            : readonly unknown[]
          : Type extends 'object'
            ? OfObject<S>
            : never;

type OfObject<S> = S extends { readonly properties: infer Properties }
  ? { readonly [Name in keyof Properties as IsThere<S, Properties, Name> extends true ? Name : never]: ConfigOf<Properties[Name]> } & {
      readonly [Name in keyof Properties as IsThere<S, Properties, Name> extends true ? never : Name]?: ConfigOf<Properties[Name]>;
    }
  : S extends { readonly additionalProperties: infer Others extends object }
    ? { readonly [name: string]: ConfigOf<Others> }
    : S extends { readonly additionalProperties: false }
      ? object
      : { readonly [name: string]: unknown };

/** Whether a setting has a value whatever the user wrote. */
type IsThere<S, Properties, Name extends keyof Properties> = Properties[Name] extends { readonly default: unknown }
  ? true
  : S extends { readonly required: readonly (infer Required)[] }
    ? Name extends Required
      ? true
      : false
    : false;
