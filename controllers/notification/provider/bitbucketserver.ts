import { createHash } from 'node:crypto';
import { isRecord } from '../json-record.ts';
import { commitStatus } from './commit-status.ts';
import { findJson } from './get-json.ts';
import {
  basicAuthorization,
  type DeliverySettings,
  type Notifier,
  type NotifierFactory,
  postJson,
  ProviderConfigError,
} from './notifier.ts';

interface Repository {
  /** Of the REST API. */
  readonly api: string;
  readonly page: string;
}

/** Reads a clone URL, `https://host/scm/project/repository.git`, perhaps under a path of the server's own. */
function parseCloneUrl(address: string): Repository {
  const url = URL.parse(address);
  const [, base, project, repository] = /^(.*)\/scm\/([^/]+)\/([^/]+?)(?:\.git)?\/*$/.exec(url?.pathname ?? '') ?? [];
  if (url === null || !/^https?:$/.test(url.protocol) || project === undefined)
    throw new ProviderConfigError('invalid bitbucketserver address: expected https://host/scm/project/repository.git');
  const server = `${url.origin}${base}`;
  const path = `projects/${project}/repos/${repository}`;
  return { api: `${server}/rest/api/latest/${path}`, page: `${server}/${path}` };
}

function authorization(settings: DeliverySettings): string {
  const { token, username, password } = settings;
  if (token !== '') return `Bearer ${token}`;
  if (username !== '' && password !== '') return basicAuthorization(username, password, settings);
  throw new ProviderConfigError('invalid credentials: expected a token, or username and password');
}

/** Build status on Bitbucket Server or Data Center. */
export const bitbucketserver: NotifierFactory = (settings, http): Notifier => {
  const { api, page } = parseCloneUrl(settings.address);
  const headers = { Authorization: authorization(settings), 'X-Atlassian-Token': 'no-check' };
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid, settings.statusId);
      if (status === undefined) return;
      const { kind, name: object } = event.involvedObject;
      const key = createHash('sha1').update(status.id).digest('hex');
      const state = status.failed ? 'FAILED' : 'SUCCESSFUL';
      const name = `${kind.toLowerCase()}/${object} [${status.description}]`;
      const builds = `${api}/commits/${status.commit}/builds`;
      const known = await findJson(http, `${builds}?key=${key}`, headers, signal, 'read the commit status');
      if (isRecord(known) && known['state'] === state && known['name'] === name) return;
      const body = JSON.stringify({ key, state, name, description: status.description, url: page });
      await postJson(http, builds, body, headers, signal);
    },
  };
};
