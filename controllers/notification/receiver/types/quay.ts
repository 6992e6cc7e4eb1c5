import { decodeBody, type Validator } from '../webhook.ts';

/** Quay signs nothing: the path is the secret. */
export const quay: Validator = ({ body }) => {
  decodeBody('Quay', body, { docker_url: 'text', updated_tags: 'texts' });
  return {};
};
