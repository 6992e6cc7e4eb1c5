import { generic, genericHmac } from './generic.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { msteams } from './msteams.ts';
import type { NotifierFactory } from './notifier.ts';
import { discord, slack } from './slack.ts';

/** The types that are built; the others are refused with their name. */
export const notifiers: ReadonlyMap<string, NotifierFactory> = new Map([
  ['generic', generic],
  ['generic-hmac', genericHmac],
  ['slack', slack],
  ['discord', discord],
  ['msteams', msteams],
  ['github', github],
  ['gitlab', gitlab],
]);
