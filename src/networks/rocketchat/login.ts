import { Rejected } from '../../model/errors.ts';
import { type LoginFlow, type LoginOptions, type LoginStep, loginField } from '../login.ts';
import { str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';
import { isActive, RocketChatApi } from './api.ts';
import { account, asApp } from './settings.ts';

/** developer.rocket.chat, "Personal access tokens": user id and token are shown together, once. */
const TOKEN = 'In Rocket.Chat, logged in as that user: My account > Personal access tokens, tick "Ignore two factor authentication", Add. User id and token are shown once.';

const bot: LoginFlow = {
  id: 'bot',
  name: 'A bot',
  description: 'One user of the server that speaks for everybody, each under their own name and picture.',
  makes: 'relay',
  start: (options) => tokenStep('bot', options),
};

const user: LoginFlow = {
  id: 'user',
  name: 'A person',
  description: 'The login of one person, who speaks for themselves.',
  makes: 'personal',
  start: (options) => tokenStep('user', options),
};

export const logins: readonly LoginFlow[] = [bot, user];

function tokenStep(kind: 'bot' | 'user', { appSettings }: LoginOptions): LoginStep {
  return {
    type: 'fields',
    instructions: TOKEN,
    fields: [loginField('user_id', 'User id', account.shape.user_id), loginField('token', 'Token', account.shape.token, true)],
    async submit({ user_id = '', token = '' }) {
      const app = asApp(appSettings);
      const api = new RocketChatApi(app, account.parse({ kind, user_id, token }));
      try {
        const me = await api.me();
        const username = str(me, 'username') ?? user_id;
        if (str(me, '_id') !== user_id) throw new Rejected(`This is the token of another user: @${username}.`, 'other_user');
        if (!isActive(me)) throw new Rejected(`@${username} is not active: Workspace > Users.`, 'inactive');
        return { type: 'done', remoteId: user_id, name: username, says: tidy(`@${username} (${str(me, 'name') ?? 'no name'}) on ${app.url}`), settings: { kind, user_id, token } };
      } finally {
        await api.close();
      }
    },
  };
}
