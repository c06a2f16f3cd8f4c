import type { Detector } from './detector.ts';
import { docker } from './detectors/docker.ts';
import { env } from './detectors/env.ts';
import { ownProcess } from './detectors/process.ts';
import { system } from './detectors/system.ts';

const found = { docker, env, process: ownProcess, system };

/** The name of a detector that finds something. */
export type DetectorName = keyof typeof found;

/** The detectors that find something, by name. Each one only ever gets its own section of the configuration. */
export const detectors: Readonly<Record<DetectorName, Detector<never>>> = found;

/**
 * The Collector's detectors for places where millrace has none: they are accepted and find nothing. By name, with the name of their section
 * where that differs; '' for none.
 */
export const absentDetectors: Readonly<Record<string, string>> = {
  akamai: 'akamai',
  aks: 'aks',
  alibaba_ecs: 'alibaba_ecs',
  azure: 'azure',
  consul: 'consul',
  digitalocean: 'digitalocean',
  dynatrace: '',
  ec2: 'ec2',
  ecs: 'ecs',
  eks: 'eks',
  elastic_beanstalk: 'elasticbeanstalk',
  gce: '',
  gcp: 'gcp',
  gke: '',
  heroku: 'heroku',
  hetzner: 'hetzner',
  ibmcloud_classic: 'ibmcloud_classic',
  ibmcloud_vpc: 'ibmcloud_vpc',
  k8s_api: 'k8s_api',
  k8snode: 'k8snode',
  kubeadm: 'kubeadm',
  lambda: 'lambda',
  nova: 'nova',
  openshift: 'openshift',
  oraclecloud: 'oraclecloud',
  scaleway: 'scaleway',
  tencent_cvm: 'tencent_cvm',
  upcloud: 'upcloud',
  vultr: 'vultr',
};
