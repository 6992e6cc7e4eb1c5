import { createHash } from 'node:crypto';
import { isRecord } from '../json-record.ts';
import { commitStatus, parseRepositoryAddress, requireOwnerAndName } from './commit-status.ts';
import { findJson } from './get-json.ts';
import { basicAuthorization, type Notifier, type NotifierFactory, postJson, ProviderConfigError } from './notifier.ts';

const api = 'https://api.bitbucket.org/2.0/repositories';

/** Build status on Bitbucket Cloud. Keys have 40 characters at most, so the id is hashed. */
export const bitbucket: NotifierFactory = (settings, http): Notifier => {
  const [, username, password] = /^([^:]+):(.+)$/s.exec(settings.token) ?? [];
  if (username === undefined || password === undefined)
    throw new ProviderConfigError('invalid token format: expected <user>:<password>');
  const repository = requireOwnerAndName(parseRepositoryAddress(settings.address));
  const headers = { Authorization: basicAuthorization(username, password, settings) };
  return {
    async post(event, signal) {
      const status = commitStatus(event, settings.uid, settings.statusId);
      if (status === undefined) return;
      const { id: name, description, commit } = status;
      const key = createHash('sha1').update(name).digest('hex');
      const state = status.failed ? 'FAILED' : 'SUCCESSFUL';
      const build = `${api}/${repository}/commit/${commit}/statuses/build`;
      const known = await findJson(http, `${build}/${key}`, headers, signal, 'read the commit status');
      if (isRecord(known) && known['state'] === state && known['description'] === description) return;
      const body = JSON.stringify({ key, state, name, description, url: 'https://bitbucket.org' });
      await postJson(http, build, body, headers, signal);
    },
  };
};
