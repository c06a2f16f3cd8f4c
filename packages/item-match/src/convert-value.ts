import { valueText } from '@millrace/wire';
import type { AttributesEdit } from '@millrace/wire';
import type { Logger } from '@millrace/api';
import type { AttributeAction } from './attribute-action.ts';
import { parseGoFloat, parseGoInt } from './go-number.ts';

const leastInt = -(1n << 63n);

/** Changes the type of a value as the Collector's action `convert` does; what cannot be converted stays. */
export function convertValue(attributes: AttributesEdit, slot: number, { key, converted_type }: AttributeAction, logger: Logger): void {
  const type = attributes.typeAt(slot);
  if (type === converted_type) return;
  const value = attributes.valueAt(slot);
  if (converted_type === 'string') {
    attributes.setStringAt(slot, valueText(value));
    return;
  }
  const toInt = converted_type === 'int';
  switch (type) {
    case 'bool':
      attributes.setPlainAt(slot, toInt ? BigInt(value.boolean()) : Number(value.boolean()));
      return;
    case 'int':
      attributes.setPlainAt(slot, Number(value.bigint()));
      return;
    case 'double':
      attributes.setPlainAt(slot, truncated(value.number()));
      return;
    case 'string': {
      const parsed = toInt ? parseGoInt(value.string()) : parseGoFloat(value.string());
      if (parsed === undefined) logger.debug(`String could not be converted to ${converted_type}`, { key });
      else attributes.setPlainAt(slot, parsed);
      return;
    }
    default:
      logger.debug('Unable to convert type', { key, from: type, to: converted_type });
  }
}

/** What does not fit becomes the least integer, as on the Collector's processors. */
function truncated(value: number): bigint {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : leastInt;
}
