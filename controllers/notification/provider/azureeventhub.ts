import { createHmac } from 'node:crypto';
import { encodeEvent } from '../event/event-json.ts';
import { azureToken } from './azure-identity.ts';
import { type Notifier, type NotifierFactory, postJson, ProviderConfigError, required } from './notifier.ts';

/** How long a signature holds: longer than any delivery, in seconds. */
const signatureSeconds = 1200;

interface ConnectionString {
  readonly host: string;
  readonly hub: string;
  readonly keyName: string;
  readonly key: string;
}

/** `Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…`, in any order. */
function parseConnectionString(text: string): ConnectionString {
  const parts = new Map(
    text.split(';').flatMap((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()]];
    }),
  );
  const part = (name: string): string => parts.get(name.toLowerCase()) ?? '';
  const host = URL.parse(part('Endpoint').replace(/^sb:/, 'https:'))?.host ?? '';
  const whole = { host, hub: part('EntityPath'), keyName: part('SharedAccessKeyName'), key: part('SharedAccessKey') };
  if (Object.values(whole).includes(''))
    throw new ProviderConfigError(
      'invalid azureeventhub address: expected Endpoint, SharedAccessKeyName, SharedAccessKey and EntityPath',
    );
  return whole;
}

/** https://learn.microsoft.com/rest/api/eventhub/generate-sas-token @param expiry seconds since the epoch */
export function sharedAccessSignature(resource: string, keyName: string, key: string, expiry: number): string {
  const uri = encodeURIComponent(resource.toLowerCase());
  const signature = createHmac('sha256', key).update(`${uri}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${uri}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${encodeURIComponent(keyName)}`;
}

/** The event as JSON to a hub: by a shared access key, a token of the Secret, or the workload's identity. */
export const azureeventhub: NotifierFactory = (settings, http): Notifier => {
  const { address, token } = settings;
  if (/(^|;)\s*SharedAccessKey=/i.test(address)) {
    const { host, hub, keyName, key } = parseConnectionString(address);
    settings.hide(key);
    const resource = `https://${host}/${hub}`;
    return {
      async post(event, signal) {
        const expiry = Math.floor(Date.now() / 1000) + signatureSeconds;
        const headers = { Authorization: sharedAccessSignature(resource, keyName, key, expiry) };
        await postJson(http, `${resource}/messages`, encodeEvent(event), headers, signal);
      },
    };
  }
  const namespace = required('azureeventhub', 'channel', settings.channel);
  const host = namespace.includes('.') ? namespace : `${namespace}.servicebus.windows.net`;
  const url = URL.parse(`https://${host}/${required('azureeventhub', 'address', address)}/messages`);
  if (url === null) throw new ProviderConfigError('invalid azureeventhub channel: expected the name of a namespace');
  return {
    async post(event, signal) {
      const bearer =
        token === '' ? await azureToken(settings, 'https://eventhubs.azure.net/.default', http, signal) : token;
      await postJson(http, url, encodeEvent(event), { Authorization: `Bearer ${bearer}` }, signal);
    },
  };
};
