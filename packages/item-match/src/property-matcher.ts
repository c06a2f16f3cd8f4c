import { key, valueText } from '@millrace/wire';
import type { ResourceView, ScopeView } from '@millrace/wire';
import { AttributesMatcher } from './attributes-matcher.ts';
import type { LibraryMatch, MatchProperties } from './match-config.ts';
import { explained, textSet } from './text-set.ts';
import type { TextSet } from './text-set.ts';

const serviceName = key('service.name');
const noService = '<nil-service-name>';

interface Library {
  readonly name: TextSet;
  readonly version: TextSet | undefined;
}

/** The part of include or exclude that spans and log records share: resource, scope and attributes. */
export class PropertyMatcher {
  readonly attributes: AttributesMatcher;
  readonly #services: TextSet | undefined;
  readonly #resources: AttributesMatcher;
  readonly #libraries: readonly Library[];

  /** Throws an Error in the Collector's words when an expression or a match type is wrong. */
  constructor(properties: MatchProperties) {
    const { libraries = [], attributes, resources, services } = properties;
    const library = ({ name, version }: LibraryMatch): Library => ({
      name: textSet([name], properties, 'library name')!,
      version: version === undefined ? undefined : textSet([version], properties, 'library version'),
    });
    this.#libraries = libraries.map(library);
    this.attributes = explained('attribute', () => new AttributesMatcher(attributes, properties));
    this.#resources = explained('resource', () => new AttributesMatcher(resources, properties));
    this.#services = textSet(services, properties, 'service name');
  }

  matchesResource({ attributes }: ResourceView): boolean {
    if (this.#services !== undefined) {
      const service = attributes.value(serviceName);
      if (!this.#services.test(service === undefined ? noService : valueText(service))) return false;
    }
    return this.#resources.matches(attributes);
  }

  matchesScope(scope: ScopeView): boolean {
    for (const { name, version } of this.#libraries)
      if (!name.test(scope.name) || (version !== undefined && !version.test(scope.version))) return false;
    return true;
  }
}
