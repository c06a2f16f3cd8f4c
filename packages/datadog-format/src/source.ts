import { type Attributes, stringOf, textOf } from './attributes.ts';

/** Where telemetry comes from: a host, or a task on AWS Fargate, which has none. */
export type Source = { readonly host: string } | { readonly taskArn: string };

const noHosts: ReadonlySet<string> = new Set([
  '0.0.0.0',
  '127.0.0.1',
  'localhost',
  'localhost.localdomain',
  'localhost6.localdomain6',
  'ip6-localhost',
]);

/**
 * Finds the source in the attributes of a resource (opentelemetry-mapping-go, otlp/attributes): `host`, `datadog.host.name`, the cloud's own
 * names, the Kubernetes node, `host.id`, `host.name`, in this order; `undefined` when there is none, or one that says nothing.
 */
export function sourceOf(attributes: Attributes): Source | undefined {
  const isFargate = stringOf(attributes.get('aws.ecs.launchtype')) === 'fargate';
  if (isFargate && attributes.has('aws.ecs.task.arn')) return { taskArn: stringOf(attributes.get('aws.ecs.task.arn')) };
  const host = hostOf(attributes, isFargate);
  return host === undefined || noHosts.has(host) ? undefined : { host };
}

/** The host in the attributes, else the fallback; '' for a task without a host. */
export function hostName(attributes: Attributes, fallback: string): string {
  const source = sourceOf(attributes);
  if (source === undefined) return fallback;
  return 'host' in source ? source.host : '';
}

function hostOf(attributes: Attributes, isFargate: boolean): string | undefined {
  if (attributes.has('host')) return textOf(attributes.get('host'));
  if (attributes.has('datadog.host.name')) return stringOf(attributes.get('datadog.host.name'));
  if (isFargate) return undefined;
  const id = attributes.has('host.id') ? stringOf(attributes.get('host.id')) : undefined;
  const name = attributes.has('host.name') ? stringOf(attributes.get('host.name')) : undefined;
  switch (attributes.get('cloud.provider')) {
    case 'aws':
      return id;
    case 'gcp':
      return googleHost(attributes, name);
    case 'azure':
      return id ?? name;
    default:
      return nodeOf(attributes) ?? id ?? name;
  }
}

function googleHost(attributes: Attributes, name: string | undefined): string | undefined {
  if (name === undefined || !attributes.has('cloud.account.id')) return undefined;
  const short = name.split('.').length > 3 ? name.split('.')[0]! : name;
  return `${short}.${stringOf(attributes.get('cloud.account.id'))}`;
}

function nodeOf(attributes: Attributes): string | undefined {
  if (!attributes.has('k8s.node.name')) return undefined;
  const node = stringOf(attributes.get('k8s.node.name'));
  return attributes.has('k8s.cluster.name') ? `${node}-${stringOf(attributes.get('k8s.cluster.name'))}` : node;
}
