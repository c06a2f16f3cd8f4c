import { type Attributes, stringOf } from './attributes.ts';

/** Semantic conventions whose values become tags of the container, under Datadog's names. */
export const containerTagNames: ReadonlyMap<string, string> = new Map([
  ['container.id', 'container_id'],
  ['container.name', 'container_name'],
  ['container.image.name', 'image_name'],
  ['container.image.tag', 'image_tag'],
  ['container.runtime', 'runtime'],
  ['cloud.provider', 'cloud_provider'],
  ['cloud.region', 'region'],
  ['cloud.availability_zone', 'zone'],
  ['aws.ecs.task.family', 'task_family'],
  ['aws.ecs.task.arn', 'task_arn'],
  ['aws.ecs.cluster.arn', 'ecs_cluster_name'],
  ['aws.ecs.task.revision', 'task_version'],
  ['aws.ecs.container.arn', 'ecs_container_name'],
  ['k8s.container.name', 'kube_container_name'],
  ['k8s.cluster.name', 'kube_cluster_name'],
  ['k8s.deployment.name', 'kube_deployment'],
  ['k8s.replicaset.name', 'kube_replica_set'],
  ['k8s.statefulset.name', 'kube_stateful_set'],
  ['k8s.daemonset.name', 'kube_daemon_set'],
  ['k8s.job.name', 'kube_job'],
  ['k8s.cronjob.name', 'kube_cronjob'],
  ['k8s.namespace.name', 'kube_namespace'],
  ['k8s.pod.name', 'pod_name'],
]);

/** Attributes that become tags under other names: unified service tagging and labels of Kubernetes. */
const tagNames: ReadonlyMap<string, string> = new Map([
  ['deployment.environment', 'env'],
  ['deployment.environment.name', 'env'],
  ['service.name', 'service'],
  ['service.version', 'version'],
  ['service.instance.id', 'service.instance.id'],
  ['tags.datadoghq.com/env', 'env'],
  ['tags.datadoghq.com/service', 'service'],
  ['tags.datadoghq.com/version', 'version'],
  ['app.kubernetes.io/name', 'kube_app_name'],
  ['app.kubernetes.io/instance', 'kube_app_instance'],
  ['app.kubernetes.io/version', 'kube_app_version'],
  ['app.kuberenetes.io/component', 'kube_app_component'],
  ['app.kubernetes.io/part-of', 'kube_app_part_of'],
  ['app.kubernetes.io/managed-by', 'kube_app_managed_by'],
]);

/** Attributes that already have the name of a tag that the Datadog Agent sets. */
const ownTags: ReadonlySet<string> = new Set(
  (
    'architecture availability-zone chronos_job chronos_job_owner cluster_name container_id container_name dd_remote_config_id ' +
    'dd_remote_config_rev display_container_name docker_image ecs_cluster_name ecs_container_name eks_fargate_node env git.commit.sha ' +
    'git.repository_url image_id image_name image_tag kube_app_component kube_app_instance kube_app_managed_by kube_app_name ' +
    'kube_app_part_of kube_app_version kube_container_name kube_cronjob kube_daemon_set kube_deployment kube_job kube_namespace ' +
    'kube_ownerref_kind kube_ownerref_name kube_priority_class kube_qos kube_replica_set kube_replication_controller kube_service ' +
    'kube_stateful_set language marathon_app mesos_task nomad_dc nomad_group nomad_job nomad_namespace nomad_task oshift_deployment ' +
    'oshift_deployment_config os_name os_version persistentvolumeclaim pod_name pod_phase rancher_container rancher_service ' +
    'rancher_stack region service short_image swarm_namespace swarm_service task_name task_family task_version task_arn version'
  ).split(' '),
);

/** The first of these that is set names the process. */
const processKeys = ['process.executable.name', 'process.executable.path', 'process.command', 'process.command_line'];

const customPrefix = 'datadog.container.tag.';

/** Tags of the container in the attributes of a resource; semantic conventions win over `datadog.container.tag.*`. */
export function containerTags(attributes: Attributes): Map<string, string> {
  const tags = new Map<string, string>();
  for (const [key, value] of attributes) {
    const text = stringOf(value);
    if (text === '') continue;
    const name = containerTagNames.get(key);
    if (name !== undefined) tags.set(name, text);
    else if (key.length > customPrefix.length && key.startsWith(customPrefix)) {
      const custom = key.slice(customPrefix.length);
      if (!tags.has(custom)) tags.set(custom, text);
    }
  }
  return tags;
}

/** The tags of metrics and logs that come from the attributes of their resource. */
export function resourceTags(attributes: Attributes): string[] {
  const tags: string[] = [];
  for (const [key, value] of attributes) {
    const text = stringOf(value);
    const name = tagNames.get(key);
    if (name !== undefined && text !== '') tags.push(`${name}:${text}`);
    if (ownTags.has(key)) tags.push(`${key}:${text}`);
  }
  for (const [name, text] of containerTags(attributes)) tags.push(`${name}:${text}`);
  const processKey = processKeys.find((key) => stringOf(attributes.get(key)) !== '');
  if (processKey !== undefined) tags.push(`${processKey}:${stringOf(attributes.get(processKey))}`);
  if (stringOf(attributes.get('os.type')) !== '') tags.push(`os.type:${stringOf(attributes.get('os.type'))}`);
  return tags;
}
