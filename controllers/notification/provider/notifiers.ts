import { sentry } from './sentry.ts';
import { otel } from './otel.ts';
import { nats } from './nats.ts';
import { googlepubsub } from './googlepubsub.ts';
import { azureeventhub } from './azureeventhub.ts';
import { gitlabmergerequestcomment } from './gitlabmergerequestcomment.ts';
import { githubpullrequestcomment } from './githubpullrequestcomment.ts';
import { githubdispatch } from './githubdispatch.ts';
import { giteapullrequestcomment } from './giteapullrequestcomment.ts';
import { gitea } from './gitea.ts';
import { bitbucketserver } from './bitbucketserver.ts';
import { bitbucket } from './bitbucket.ts';
import { azuredevops } from './azuredevops.ts';
import { alertmanager } from './alertmanager.ts';
import { datadog } from './datadog.ts';
import { generic, genericHmac } from './generic.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { googlechat } from './googlechat.ts';
import { grafana } from './grafana.ts';
import { incidentio } from './incidentio.ts';
import { lark } from './lark.ts';
import { matrix } from './matrix.ts';
import { msteams } from './msteams.ts';
import type { NotifierFactory } from './notifier.ts';
import { opsgenie } from './opsgenie.ts';
import { pagerduty } from './pagerduty.ts';
import { discord, rocket, slack } from './slack.ts';
import { telegram } from './telegram.ts';
import { webex } from './webex.ts';
import { zoom } from './zoom.ts';
import { zulip } from './zulip.ts';

/** The types that are built; the others are refused with their name. */
export const notifiers: ReadonlyMap<string, NotifierFactory> = new Map([
  ['generic', generic],
  ['generic-hmac', genericHmac],
  ['slack', slack],
  ['discord', discord],
  ['rocket', rocket],
  ['msteams', msteams],
  ['googlechat', googlechat],
  ['webex', webex],
  ['telegram', telegram],
  ['lark', lark],
  ['matrix', matrix],
  ['opsgenie', opsgenie],
  ['alertmanager', alertmanager],
  ['grafana', grafana],
  ['pagerduty', pagerduty],
  ['datadog', datadog],
  ['zulip', zulip],
  ['zoom', zoom],
  ['incident.io', incidentio],
  ['github', github],
  ['gitlab', gitlab],
  ['azuredevops', azuredevops],
  ['bitbucket', bitbucket],
  ['bitbucketserver', bitbucketserver],
  ['gitea', gitea],
  ['giteapullrequestcomment', giteapullrequestcomment],
  ['githubdispatch', githubdispatch],
  ['githubpullrequestcomment', githubpullrequestcomment],
  ['gitlabmergerequestcomment', gitlabmergerequestcomment],
  ['azureeventhub', azureeventhub],
  ['googlepubsub', googlepubsub],
  ['nats', nats],
  ['otel', otel],
  ['sentry', sentry],
]);
