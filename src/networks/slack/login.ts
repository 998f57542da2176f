import { Rejected } from '../../model/errors.ts';
import { type LoginFlow, type LoginOptions, type LoginStep, loginField } from '../login.ts';
import { str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';
import { SlackApi } from './api.ts';
import { account, asApp } from './settings.ts';

/** api.slack.com/authentication/token-types */
const bot: LoginFlow = {
  id: 'bot',
  name: 'A bot',
  description: 'The installed app, which speaks for everybody in a room by name and picture.',
  makes: 'relay',
  start: (options) => tokenStep('bot', 'At api.slack.com/apps open your app, then OAuth & Permissions; install it to the workspace and copy the "Bot User OAuth Token" (xoxb-…).', options),
};

const user: LoginFlow = {
  id: 'user',
  name: 'A person',
  description: 'Somebody’s own login: what they write on Matrix is theirs in Slack.',
  makes: 'personal',
  start: (options) => tokenStep('user', 'At api.slack.com/apps open your app, then OAuth & Permissions; add the user token scopes, install it to the workspace as yourself and copy the "User OAuth Token" (xoxp-…).', options),
};

export const logins: readonly LoginFlow[] = [bot, user];

function tokenStep(kind: 'bot' | 'user', instructions: string, { appSettings }: LoginOptions): LoginStep {
  return {
    type: 'fields',
    instructions,
    fields: [loginField('token', 'Token', account.shape.token, true)],
    async submit({ token = '' }) {
      const api = new SlackApi({ url: asApp(appSettings).api_url, token });
      try {
        return done(kind, token, await api.call('auth.test'));
      } finally {
        await api.close();
      }
    },
  };
}

/** api.slack.com/methods/auth.test: `bot_id` only for a bot's token. */
function done(kind: 'bot' | 'user', token: string, answer: unknown): LoginStep {
  const [team, user] = [str(answer, 'team_id') ?? str(answer, 'enterprise_id'), str(answer, 'user_id')];
  if (team === undefined || user === undefined) throw new Rejected('Slack does not say whose token it is.', 'no_user');
  if ((str(answer, 'bot_id') !== undefined) !== (kind === 'bot')) {
    throw new Rejected(kind === 'bot' ? 'This is the token of a person; a bot’s begins with xoxb-.' : 'This is the token of a bot; a person’s begins with xoxp-.', 'other_kind');
  }
  const [who, where] = [str(answer, 'user') ?? user, str(answer, 'team') ?? team];
  return { type: 'done', remoteId: `${team}/${user}`, name: who, says: tidy(`${who} (${user}) in ${where} (${team})`), settings: { kind, team_id: team, user_id: user, token } };
}
