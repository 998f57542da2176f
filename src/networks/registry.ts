import type { Network } from './network.ts';
import { rocketchat } from './rocketchat/index.ts';
import { slack } from './slack/index.ts';
import { telegram } from './telegram/index.ts';
import { whatsapp } from './whatsapp/index.ts';

/** Every network there is. A new one is one more line here. */
export const networks: readonly Network[] = [whatsapp, telegram, slack, rocketchat];
