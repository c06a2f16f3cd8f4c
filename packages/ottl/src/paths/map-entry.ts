import { key as keyOf } from '@millrace/wire';
import type { AttributesEdit, AttributesView, Key } from '@millrace/wire';
import { AttributesMap, setAttribute } from '../maps/attributes-map.ts';
import { ValueMapEdit } from '../maps/value-map-edit.ts';
import { OttlError } from '../ottl-error.ts';
import type { TransformContext } from '../transform-context.ts';
import { isMap, typeName } from '../value.ts';
import type { Value, ValueMap } from '../value.ts';
import { fromAttributes, fromView } from '../values/from-view.ts';
import { indexValue, indexView, withIndexed } from '../values/index-key.ts';
import type { IndexKey } from '../values/index-key.ts';
import type { Access, PathEntry } from './access.ts';

/** The map that a setter of a whole map was given. */
export function expectMap(value: Value): ValueMap {
  if (!isMap(value)) throw new OttlError(`unsupported type provided for setting a pcommon.Map: ${typeName(value)}`);
  return value;
}

/** The path of attributes. Views that cannot be edited are taken: an edit of them throws. */
export function attributesEntry(of: (context: TransformContext) => AttributesView): PathEntry {
  const edit = of as (context: TransformContext) => AttributesEdit;
  return {
    indexable: true,
    access(keys) {
      if (keys.length === 0) return wholeMap(edit);
      const [first] = keys;
      if (keys.length > 1) return nestedKey(edit, keys);
      return first!.text === undefined ? dynamicKey(edit, first!) : constantKey(edit, keyOf(first!.text));
    },
  };
}

function wholeMap(of: (context: TransformContext) => AttributesEdit): Access {
  const map = new AttributesMap();
  return {
    get: (context) => fromAttributes(of(context)),
    set(context, value) {
      if (value !== undefined) map.show(of(context)).replace(expectMap(value));
    },
    map: (context) => map.show(of(context)),
  };
}

function constantKey(of: (context: TransformContext) => AttributesEdit, key: Key): Access {
  return {
    get(context) {
      const attributes = of(context);
      const slot = attributes.find(key);
      return slot < 0 ? undefined : fromView(attributes.valueAt(slot));
    },
    set: (context, value) => setAttribute(of(context), key, value),
    number: (context) => of(context).number(key),
    isNil(context) {
      const attributes = of(context);
      const slot = attributes.find(key);
      return slot < 0 || attributes.typeAt(slot) === 'empty';
    },
    equals(text) {
      const literal = keyOf(text);
      return (context) => of(context).equals(key, literal);
    },
    setText(text) {
      const literal = keyOf(text);
      return (context) => of(context).setString(key, literal);
    },
  };
}

function dynamicKey(of: (context: TransformContext) => AttributesEdit, key: IndexKey): Access {
  return {
    get(context) {
      const attributes = of(context);
      const slot = attributes.find(key.key(context));
      return slot < 0 ? undefined : fromView(attributes.valueAt(slot));
    },
    set: (context, value) => setAttribute(of(context), key.key(context), value),
  };
}

function nestedKey(of: (context: TransformContext) => AttributesEdit, keys: readonly IndexKey[]): Access {
  const first = keys[0]!;
  const read = (context: TransformContext, at: (slot: number, attributes: AttributesEdit) => Value): Value => {
    const attributes = of(context);
    const slot = attributes.find(first.key(context));
    return slot < 0 ? undefined : at(slot, attributes);
  };
  return {
    get: (context) => read(context, (slot, attributes) => indexView(attributes.valueAt(slot), keys, 1, context)),
    set(context, value) {
      const old = read(context, (slot, attributes) => fromView(attributes.valueAt(slot)));
      setAttribute(of(context), first.key(context), withIndexed(old, keys, 1, context, value));
    },
  };
}

/** The path of a map that is read and written as a whole. */
export function valueMapEntry(
  get: (context: TransformContext) => ValueMap,
  set: (context: TransformContext, map: ValueMap) => void,
): PathEntry {
  return {
    indexable: true,
    access(keys) {
      if (keys.length === 0) {
        return {
          get,
          set(context, value) {
            if (value !== undefined) set(context, expectMap(value));
          },
        };
      }
      return {
        get: (context) => indexValue(get(context), keys, 0, context),
        set: (context, value) => set(context, withIndexed(get(context), keys, 0, context, value) as ValueMap),
      };
    },
  };
}

/** The path of the cache. */
export const cacheEntry: PathEntry = {
  indexable: true,
  access(keys) {
    if (keys.length === 0) {
      return {
        get: ({ cache }) => new Map(cache),
        set({ cache }, value) {
          if (value !== undefined) new ValueMapEdit(cache).replace(expectMap(value));
        },
        map: ({ cache }) => new ValueMapEdit(cache),
      };
    }
    const first = keys[0]!;
    return {
      get(context) {
        const { text } = first.key(context);
        return context.cache.has(text) ? indexValue(context.cache.get(text), keys, 1, context) : undefined;
      },
      set(context, value) {
        const { text } = first.key(context);
        context.cache.set(text, withIndexed(context.cache.get(text), keys, 1, context, value));
      },
    };
  },
};
