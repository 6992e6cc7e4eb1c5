import { decodeBody, type Validator } from '../webhook.ts';

/** Docker Hub signs nothing: the path is the secret. */
export const dockerhub: Validator = ({ body }) => {
  decodeBody('DockerHub', body, { push_data: { tag: 'text' }, repository: { repo_url: 'text' } });
  return {};
};
