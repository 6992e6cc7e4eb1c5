import { isRecord } from '../json-record.ts';
import { azureToken } from './azure-identity.ts';
import { commitStatus } from './commit-status.ts';
import { getJson, recordsOf } from './get-json.ts';
import { basicAuthorization, type Notifier, type NotifierFactory, postJson, ProviderConfigError } from './notifier.ts';

const version = 'api-version=7.1';
/** The application that Azure DevOps is in every tenant. */
const devOpsScope = '499b84ac-1321-427f-aa17-267ca6975798/.default';

/** `https://dev.azure.com/organization/project/_git/repository`, as its API has it. */
function parseAddress(address: string): string {
  const url = URL.parse(address);
  const [, project, repository] = /^(.+)\/_git\/([^/]+?)(?:\.git)?\/*$/.exec(url?.pathname ?? '') ?? [];
  if (url === null || !/^https?:$/.test(url.protocol) || project === undefined)
    throw new ProviderConfigError(
      'invalid azuredevops address: expected https://dev.azure.com/organization/project/_git/repository',
    );
  return `${url.origin}${project}/_apis/git/repositories/${repository}`;
}

/** Commit status on Azure DevOps. The genre keeps the statuses of several clusters apart by the summary of the Alert. */
export const azuredevops: NotifierFactory = (settings, http): Notifier => {
  const api = parseAddress(settings.address);
  const authorize = async (signal: AbortSignal): Promise<string> =>
    settings.token === ''
      ? `Bearer ${await azureToken(settings, devOpsScope, http, signal)}`
      : basicAuthorization('', settings.token, settings);
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid, settings.statusId);
      if (status === undefined) return;
      const { id: name, description, commit } = status;
      const summary = event.metadata?.['summary'] ?? '';
      const genre = summary === '' ? 'fluxcd' : `fluxcd:${summary}`;
      const state = status.failed ? 'error' : 'succeeded';
      const statuses = `${api}/commits/${commit}/statuses`;
      const headers = { Authorization: await authorize(signal) };
      const what = 'list commit statuses';
      const answer = await getJson(http, `${statuses}?latestOnly=true&${version}`, headers, signal, what);
      const latest = recordsOf(isRecord(answer) ? answer['value'] : undefined, what).find(
        ({ context }) => isRecord(context) && context['name'] === name && context['genre'] === genre,
      );
      if (latest?.['state'] === state && latest['description'] === description) return;
      const body = JSON.stringify({ state, description, context: { name, genre } });
      await postJson(http, `${statuses}?${version}`, body, headers, signal);
    },
  };
};
