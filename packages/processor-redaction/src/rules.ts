import {
  KeyMemory,
  detectors,
  isContentKey,
  isEventContentKey,
  isSecretKey,
  secretKeyWindows,
  WindowSearch,
  windowOf,
} from '@millrace/redaction';
import type { WantedWindow } from '@millrace/redaction';
import { Regex } from '@millrace/regex';
import type { RedactionConfig } from './config.ts';
import { mask, replacer, Rule, ruleOf } from './rule.ts';
import type { ActiveDetector } from './text-redactor.ts';

/** What is said of a key, as bits. */
export const keyBits = { ignored: 1, removed: 2, blocked: 4, secret: 8, content: 16, eventContent: 32 } as const;

/** The mark of secret keys. Bits 0 to 11 are detectors', 13 is blocked keys', those from 14 on are of blocked and allowed values. */
export const secretBit = 1 << 12;
const blockedKeyBit = 1 << 13;
const firstValueBit = 14;
const lastBit = 30;

/** Keys of the attributes that the processor adds; they are always allowed. */
const own = [
  'redaction.redacted.keys',
  'redaction.redacted.count',
  'redaction.masked.keys',
  'redaction.masked.count',
  'redaction.ignored.count',
];

/** A pattern of `blocked_values` or `allowed_values`, and its bit in the marks. */
export interface ValuePattern {
  readonly regex: Regex;
  readonly bit: number;
}

function compile(patterns: readonly string[]): Regex[] {
  return [...new Set(patterns)].map((pattern) => new Regex(pattern));
}

/** The configuration, compiled. */
export class Rules {
  readonly config: RedactionConfig;
  readonly detectors: readonly ActiveDetector[];
  readonly secrets: Rule | undefined;
  readonly content: Rule | undefined;
  readonly blockedValuesRule: Rule;
  readonly blockedKeysRule: Rule;
  readonly removedKeysRule: Rule;
  readonly blockedValues: readonly ValuePattern[];
  readonly allowedValues: readonly ValuePattern[];
  readonly allowedMatches: readonly Regex[];
  /** What blocked values are replaced by. */
  readonly replaceBlocked: (text: string) => string;
  readonly search: WindowSearch;
  /** Marks that every text has, since their patterns could match anywhere. */
  readonly everywhere: number;
  /** Marks of detectors and secret keys. */
  readonly detected: number;
  /** Marks of detectors. */
  readonly detectorBits: number;
  /** Whether attributes without any mark are looked at, too. */
  readonly everyAttribute: boolean;
  /** Whether some detector removes what it finds. */
  readonly removes: boolean;
  readonly #keys: KeyMemory;

  constructor(config: RedactionConfig) {
    this.config = config;
    const wanted: WantedWindow[] = [];
    const names = new Set<string>(config.detectors);
    this.detectors = detectors
      .filter(({ name }) => names.has(name) || names.has('all'))
      .map((detector, i) => ({ detector, bit: 1 << i, rule: ruleOf(detector.name, config) }));
    const hasSecrets = config.secret_keys ?? this.detectors.length > 0;
    this.secrets = hasSecrets ? ruleOf('secret_keys', config) : undefined;
    for (const { detector, bit } of this.detectors) for (const window of detector.windows) wanted.push({ window, bits: bit });
    if (hasSecrets) for (const window of secretKeyWindows) wanted.push({ window, bits: secretBit });
    this.detectorBits = this.detectors.reduce((bits, { bit }) => bits | bit, 0);
    this.detected = this.detectorBits | (hasSecrets ? secretBit : 0);
    // An escape in JSON of what a window would find.
    if (this.detected !== 0) wanted.push({ window: windowOf('\\u00'), bits: this.detected });

    let nextBit = firstValueBit;
    let everywhere = 0;
    const watch = (regex: Regex, bit: number): void => {
      if (regex.byteWindows === undefined) everywhere |= bit;
      else for (const window of regex.byteWindows) wanted.push({ window, bits: bit });
    };
    const values = (patterns: readonly string[]): ValuePattern[] =>
      compile(patterns).map((regex) => {
        const bit = 1 << Math.min(nextBit++, lastBit);
        watch(regex, bit);
        return { regex, bit };
      });
    this.blockedValues = values(config.blocked_values);
    this.allowedValues = values(config.allowed_values);
    const blockedKeys = compile(config.blocked_key_patterns);
    for (const regex of blockedKeys) watch(regex, blockedKeyBit);
    this.everywhere = everywhere;
    this.search = new WindowSearch(wanted);

    this.allowedMatches = compile(config.allowed_matches.map((pattern) => `^(?s:${pattern})$`));
    this.replaceBlocked = replacer(config);
    const action = config.dry_run ? 'none' : config.hash_function === '' ? 'mask' : 'hash';
    this.blockedValuesRule = new Rule('blocked_values', action, this.replaceBlocked);
    this.blockedKeysRule = new Rule('blocked_key_patterns', action, this.replaceBlocked);
    this.removedKeysRule = new Rule('allowed_keys', config.dry_run ? 'none' : 'remove', () => '');
    this.content =
      config.content === 'keep'
        ? undefined
        : new Rule('content', config.dry_run ? 'none' : config.content === 'drop' ? 'remove' : 'mask', () =>
            config.content === 'drop' ? '' : mask,
          );

    const allowsAll = config.allow_all_keys || (config.detectors.length > 0 && config.allowed_keys.length === 0);
    const hasSummary = config.summary === 'info' || config.summary === 'debug';
    const databases = Object.values(config.db_sanitizer).some((one) => typeof one === 'object' && one.enabled);
    this.removes = this.detectors.some(({ rule }) => rule.action === 'remove');
    this.everyAttribute =
      !allowsAll ||
      everywhere !== 0 ||
      config.redact_all_types ||
      config.url_sanitizer.enabled ||
      databases ||
      this.content !== undefined ||
      (hasSummary && config.ignored_keys.length + config.ignored_key_patterns.length > 0) ||
      (hasSummary && config.allowed_values.length > 0);
    this.#keys = new KeyMemory(this.#judge(allowsAll, blockedKeys, hasSecrets));
  }

  /** What is said of a key, as `keyBits`. */
  verdictOn(b: Buffer, start: number, end: number): number {
    return this.#keys.askBytes(b, start, end);
  }

  /** The same for a text. */
  verdictOnText(key: string): number {
    return this.#keys.ask(key);
  }

  get all(): readonly Rule[] {
    const optional = [this.secrets, this.content].filter((rule) => rule !== undefined);
    return [...this.detectors.map(({ rule }) => rule), ...optional, this.blockedValuesRule, this.blockedKeysRule, this.removedKeysRule];
  }

  #judge(allowsAll: boolean, blockedKeys: readonly Regex[], hasSecrets: boolean): (key: string) => number {
    const { config } = this;
    const allowed = new Set([...config.allowed_keys, ...own]);
    const ignored = new Set(config.ignored_keys);
    const ignoredPatterns = compile(config.ignored_key_patterns);
    return (key) => {
      if (ignored.has(key) || ignoredPatterns.some((regex) => regex.test(key))) return keyBits.ignored;
      let bits = 0;
      if (!allowsAll && !allowed.has(key)) bits |= keyBits.removed;
      if (blockedKeys.some((regex) => regex.test(key))) bits |= keyBits.blocked;
      if (hasSecrets && isSecretKey(key)) bits |= keyBits.secret;
      if (this.content !== undefined && isContentKey(key)) bits |= keyBits.content;
      if (this.content !== undefined && isEventContentKey(key)) bits |= keyBits.eventContent;
      return bits;
    };
  }
}
