import { type LoginFlow, loginField } from '../login.ts';
import { str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';
import { BotClient } from './client.ts';
import { account, asApp, botId } from './settings.ts';

/** core.telegram.org/bots/features#creating-a-new-bot */
const bot: LoginFlow = {
  id: 'bot',
  name: 'A bot',
  description: 'A bot that people write to, and that speaks in groups for everybody in the room.',
  makes: 'relay',
  start: ({ appSettings }) => ({
    type: 'fields',
    instructions: 'In Telegram write /newbot to @BotFather, or /token for a bot that is there already, and copy the token that it shows.',
    fields: [loginField('token', 'Token', account.shape.token, true)],
    async submit({ token = '' }) {
      const client = new BotClient({ url: asApp(appSettings).api_url, token });
      try {
        const me = await client.call('getMe', {});
        const username = str(me, 'username');
        return {
          type: 'done', remoteId: botId(token), name: username ?? botId(token), settings: { token },
          says: tidy(`the bot ${str(me, 'first_name') ?? 'without a name'}${username === undefined ? '' : ` (@${username})`}`),
        };
      } finally {
        await client.close();
      }
    },
  }),
};

export const logins: readonly LoginFlow[] = [bot];
