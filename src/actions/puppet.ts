import { choiceKey } from '../bridge/people/puppets.ts';
import { type ActionContext, Mistake } from './action.ts';

/** Whether the person's own Matrix account shows what they do in a network's own app. Everybody chooses for themselves. Permission: user. */
export async function puppet({ store, sender }: ActionContext, choice: string): Promise<string> {
  const isOn = (): boolean => store.getMeta(choiceKey(sender)) !== 'off';
  switch (choice.toLowerCase()) {
    case 'on':
    case 'off':
      if (isOn() !== (choice.toLowerCase() === 'on')) await store.setMeta(choiceKey(sender), choice.toLowerCase());
      break;
    case '': break;
    default: throw new Mistake('Say puppet on, or puppet off.');
  }
  return isOn()
    ? 'What you do in the own app of a network whose account is yours alone shows as yourself, where the administrator has set that up. puppet off: I show it.'
    : 'What you do in a network’s own app is shown by me. puppet on: it shows as yourself.';
}
