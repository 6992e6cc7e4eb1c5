import type { Bucket } from '#crds';
import type { SourceAttempt } from '../attempt.ts';
import { openConnection } from '../connection.ts';
import type { SourceDeps } from '../deps.ts';
import { messageOf, readSecret, type SecretData } from '../secret.ts';
import { AzureClient, type AzureKey } from './azure-client.ts';
import type { BucketClient } from './bucket-client.ts';
import { GcsClient, parseGcsKey } from './gcs-client.ts';
import { S3Client } from './s3-client.ts';

export interface OpenBucket extends AsyncDisposable {
  readonly client: BucketClient;
}

/**
 * A client of the bucket's service, with the credentials of the Secret. Nothing is connected yet.
 * @throws ReconcileError 'AuthenticationFailed'
 */
export async function openBucket(attempt: SourceAttempt<Bucket>, deps: SourceDeps): Promise<OpenBucket> {
  const { spec } = attempt.object;
  const { signal } = attempt.run;
  try {
    const data =
      spec.secretRef === undefined
        ? undefined
        : await readSecret(deps.client, attempt.namespace, spec.secretRef.name, signal);
    const certSecretRef = spec.provider === undefined || spec.provider === 'generic' ? spec.certSecretRef : undefined;
    const { proxySecretRef } = spec;
    const connection = await openConnection(
      { certSecretRef, proxySecretRef, target: targetOf(spec) },
      attempt.namespace,
      deps,
      signal,
    );
    const client = clientFor(attempt.object, data, connection.dispatcher);
    return { client, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() };
  } catch (error) {
    signal.throwIfAborted();
    throw attempt.failed('FetchFailed', 'AuthenticationFailed', messageOf(error), { cause: error });
  }
}

/** The service as a URL; what is none is told by the client itself. */
function targetOf({ endpoint, insecure }: Bucket['spec']): URL | undefined {
  const text = endpoint.includes('://') ? endpoint : `${insecure === true ? 'http' : 'https'}://${endpoint}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function clientFor(
  { spec, metadata }: Bucket,
  data: SecretData | undefined,
  dispatcher: SourceDeps['dispatcher'],
): BucketClient {
  const { provider = 'generic', endpoint, bucketName, region, insecure = false } = spec;
  const secret = `'${metadata.namespace ?? ''}/${spec.secretRef?.name ?? ''}'`;
  const need = (key: string): string => {
    const value = data?.[key]?.trim() ?? '';
    if (value === '') throw new Error(`invalid secret ${secret}: key '${key}' is missing`);
    return value;
  };
  switch (provider) {
    case 'azure':
      return new AzureClient({
        endpoint,
        container: bucketName,
        key: azureKey(data ?? {}, endpoint, secret),
        dispatcher,
      });
    case 'gcp':
      return new GcsClient({
        endpoint,
        bucket: bucketName,
        insecure,
        key: parseGcsKey(need('serviceaccount')),
        dispatcher,
      });
    case 'aws':
    case 'generic': {
      const keys = data === undefined ? undefined : { accessKey: need('accesskey'), secretKey: need('secretkey') };
      return new S3Client({ endpoint, bucket: bucketName, region, insecure, keys, dispatcher });
    }
  }
}

/** The first kind of key that the Secret holds (source spec 2.8). */
export function azureKey(data: SecretData, endpoint: string, secret: string): AzureKey {
  if (data['clientId'] !== undefined) {
    throw new Error(
      `invalid secret ${secret}: 'clientId' is not supported by this version yet, expected 'accountKey' or 'sasKey'`,
    );
  }
  const accountKey = data['accountKey']?.trim();
  if (accountKey !== undefined) {
    const labels = URL.canParse(endpoint) ? new URL(endpoint).hostname.split('.') : [];
    if (labels.length < 3)
      throw new Error(`cannot tell the account of endpoint "${endpoint}": it has fewer than three labels`);
    return { kind: 'accountKey', account: labels[0] ?? '', key: accountKey };
  }
  const sasKey = data['sasKey']?.trim();
  if (sasKey !== undefined) return { kind: 'sas', query: sasKey.replace(/^\?/, '') };
  throw new Error(`invalid secret ${secret}: key 'accountKey' or 'sasKey' is missing`);
}
