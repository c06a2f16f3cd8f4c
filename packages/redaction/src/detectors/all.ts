import type { Detector } from '../detector.ts';
import { credentials } from './credentials.ts';
import { creditCard, phone, ssn } from './digits.ts';
import { email } from './email.ts';
import { iban } from './iban.ts';
import { ip } from './ip.ts';
import { apiKey, awsKey, jwt, privateKey } from './tokens.ts';

/** Every detector; where two find something in the same place, the earlier one in this list has it. */
export const detectors: readonly Detector[] = [privateKey, jwt, awsKey, apiKey, credentials, email, iban, creditCard, ssn, ip, phone];
