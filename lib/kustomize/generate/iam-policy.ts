import { KustomizeError } from '../error.ts';
import { type Decoder, struct, text } from '../kustomization/decode.ts';
import { readResources } from '../resource/read-resources.ts';
import type { Resource } from '../resource/resource.ts';

interface IamPolicyArgs {
  cloud?: string;
  kubernetesService?: { name?: string; namespace?: string };
  serviceAccount?: { name?: string; projectId?: string };
}
export const iamPolicyArgs: Decoder<IamPolicyArgs> = struct<IamPolicyArgs>(
  'IAMPolicyGeneratorArgs',
  {
    cloud: text,
    kubernetesService: struct('KubernetesService', { name: text, namespace: text }, {}, 'ignored'),
    serviceAccount: struct('ServiceAccount', { name: text, projectId: text }, {}, 'ignored'),
  },
  {},
  'ignored',
);

/** The IAMPolicyGenerator: a ServiceAccount that acts as one of Google's cloud. */
export function generateIamPolicy(args: IamPolicyArgs): readonly Resource[] {
  const { cloud = '', kubernetesService = {}, serviceAccount = {} } = args;
  if (cloud !== 'gke') throw new KustomizeError('generatorFailed', `cloud provider ${cloud} not supported yet`);
  const { name = '', namespace = '' } = kubernetesService;
  return readResources(`
apiVersion: v1
kind: ServiceAccount
metadata:
  annotations:
    iam.gke.io/gcp-service-account: ${serviceAccount.name ?? ''}@${serviceAccount.projectId ?? ''}.iam.gserviceaccount.com
  name: ${name}
${namespace === '' ? '' : `  namespace: ${namespace}\n`}`);
}
