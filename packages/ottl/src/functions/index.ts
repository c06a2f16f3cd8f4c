import type { FunctionDefinition } from '../function.ts';
import { caseFunctions } from './case.ts';
import { clockFunctions } from './clock.ts';
import { encodingFunctions } from './encoding.ts';
import { extractFunctions } from './extract.ts';
import { flatten } from './flatten.ts';
import { hashFunctions } from './hashes.ts';
import { idFunctions } from './ids.ts';
import { isMatch } from './is-match.ts';
import { listFunctions } from './lists.ts';
import { mapFunctions } from './maps.ts';
import { networkFunctions } from './network.ts';
import { parseFunctions } from './parse.ts';
import { parseXmlFunctions } from './parse-xml.ts';
import { replaceFunctions } from './replace.ts';
import { set } from './set.ts';
import { stringFunctions } from './strings.ts';
import { timeTextFunctions } from './time-text.ts';
import { typeFunctions } from './types.ts';
import { userAgent } from './user-agent.ts';
import { xmlFunctions } from './xml.ts';

/** Every function of the language; those of one context alone say so. */
export const standardFunctions: readonly FunctionDefinition[] = [
  set,
  flatten,
  isMatch,
  userAgent,
  ...caseFunctions,
  ...clockFunctions,
  ...encodingFunctions,
  ...extractFunctions,
  ...hashFunctions,
  ...idFunctions,
  ...listFunctions,
  ...mapFunctions,
  ...networkFunctions,
  ...parseFunctions,
  ...parseXmlFunctions,
  ...replaceFunctions,
  ...stringFunctions,
  ...timeTextFunctions,
  ...typeFunctions,
  ...xmlFunctions,
];
