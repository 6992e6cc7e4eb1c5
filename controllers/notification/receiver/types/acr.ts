import { decodeBody, type Validator } from '../webhook.ts';

/** Azure Container Registry signs nothing: the path is the secret. */
export const acr: Validator = ({ body }) => {
  decodeBody('ACR', body, { action: 'text', target: { repository: 'text', tag: 'text' } });
  return {};
};
