import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/model/clock.ts';
import { REACHES, type ReachFeature } from '../../src/model/capabilities.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { Connection, ConnectOptions, Reach } from '../../src/networks/network.ts';
import { networks } from '../../src/networks/registry.ts';
import { appSettings } from '../kit/slack/account.ts';
import { options as telegramOptions } from '../kit/telegram/account.ts';
import { configOf } from '../kit/whatsapp/app.ts';

/** Which call makes what the descriptor speaks of. */
const CALLS: Readonly<Record<Exclude<ReachFeature, 'createDirect'>, keyof Reach>> = {
  contacts: 'contacts', conversations: 'conversations', search: 'search', resolve: 'resolve', createGroup: 'create', invite: 'invite', kick: 'kick', leave: 'leave', setTitle: 'setTitle',
};

function optionsOf(id: string): ConnectOptions {
  const network = networks.find((one) => one.id === id);
  const given: Readonly<Record<string, () => unknown>> = {
    slack: () => appSettings({ apiUrl: 'http://127.0.0.1:9/api', teamId: 'T0SANDBOX', botUserId: 'U0BRIDGE' }), telegram: () => telegramOptions('http://127.0.0.1:9').appSettings,
    whatsapp: () => network?.settings.parse((configOf('http://127.0.0.1:9', { owners: [] }) as { main: object }).main),
    rocketchat: () => network?.settings.parse({ url: 'http://127.0.0.1:9', accounts: { bot: { user_id: 'aaaaaaaaaaaaaaaaa', token: 'a-token-of-the-test-0123456789-abcdefghijk' } } }),
  };
  const settings = given[id]?.() as ConnectOptions['appSettings'];
  const [account = ''] = Object.keys(settings.accounts);
  return { app: 'main', appSettings: settings, account, settings: settings.accounts[account]!, clock: systemClock, log: silentLogger };
}

async function connected<T>(id: string, look: (connection: Connection) => T): Promise<T> {
  const connection = networks.find((one) => one.id === id)!.connect(optionsOf(id));
  try {
    return look(connection);
  } finally {
    await connection.close();
  }
}

describe.each(networks.map(({ id, name }) => [id, name] as const))('%s', (id) => {
  test('what it says it can do from Matrix there is a call for, and for nothing else', async () => {
    await connected(id, (connection) => {
      const { reach } = connection;
      const able = connection.capabilities({ id: '', scope: '', kind: 'direct', aliases: [] }).reach;
      for (const feature of REACHES) {
        if (feature === 'createDirect') continue;
        // Where only the form of an id is looked at, the descriptor's own `resolve` does it.
        const there = reach?.[CALLS[feature]] !== undefined || (feature === 'resolve' && reach?.resolve === undefined);
        expect([feature, there]).toEqual([feature, able[feature].level !== 'none']);
      }
    });
  });

  test('what it can do only in part, or not at all, it says why', async () => {
    await connected(id, (connection) => {
      for (const [feature, { level, reason }] of Object.entries(connection.capabilities({ id: '', scope: '', kind: 'direct', aliases: [] }).reach)) expect([feature, level === 'full' || (reason?.length ?? 0) > 10]).toEqual([feature, true]);
    });
  });
});
