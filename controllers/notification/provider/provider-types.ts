import { type Event, eventMetadataOf, groupMetadata, isError } from '../event/event.ts';

const commitStatusTypes: ReadonlySet<string> = new Set([
  'github',
  'gitlab',
  'gitea',
  'bitbucket',
  'bitbucketserver',
  'azuredevops',
]);
const commentTypes: ReadonlySet<string> = new Set([
  'githubpullrequestcomment',
  'giteapullrequestcomment',
  'gitlabmergerequestcomment',
]);

/** Types that set the status of a commit at a Git host. */
export function isCommitStatusType(type: string): boolean {
  return commitStatusTypes.has(type);
}

/** Types that speak to a Git host: their `secretRef` may hold TLS material, and their address is no secret. */
export function isGitType(type: string): boolean {
  return commitStatusTypes.has(type) || commentTypes.has(type) || type === 'githubdispatch';
}

/** Types that read request headers from their Secret. */
export function takesHeaders(type: string): boolean {
  return type === 'generic' || type === 'generic-hmac' || type === 'otel' || type === 'googlepubsub';
}

/** Which events a type of Provider takes (spec 5.3, the last three rows before metadata). */
export function takesEvent(type: string, event: Event): boolean {
  const isUpdate = groupMetadata(event, 'commit_status') === 'update';
  if (commitStatusTypes.has(type)) {
    return isUpdate || isError(event) || (eventMetadataOf(event, 'commit') ?? '') !== '';
  }
  if (isUpdate) return type === 'generic' || type === 'generic-hmac';
  return !commentTypes.has(type) || (eventMetadataOf(event, 'change_request') ?? '') !== '';
}
