import type { NetworkItem } from '../../../model/events.ts';
import { at, flag, list, num, str } from '../../shared/json.ts';
import { chatAsPerson, personOf } from '../ids.ts';
import { resultsOf } from './content.ts';
import { digest, keyOf, unsupported, type Context } from './context.ts';

/** `poll_answer`: all that one person has chosen now, in a poll of ours. It names the poll and not the message. */
export function decodePollAnswer(context: Context, answer: unknown): readonly NetworkItem[] {
  const id = str(answer, 'poll_id');
  const poll = id === undefined ? undefined : context.poll(id);
  const sender = chatAsPerson(at(answer, 'voter_chat'), context.self) ?? personOf(at(answer, 'user'), context.self);
  const places = numbers(at(answer, 'option_ids'));
  const named = at(answer, 'option_persistent_ids');
  const persistent = Array.isArray(named) ? named.filter((each): each is string => typeof each === 'string') : [];
  if (poll === undefined || sender === undefined) {
    const reason = places.length === 0 && persistent.length === 0 ? 'Took back a vote in a poll that this bridge did not send.' : 'Voted in a poll that this bridge did not send.';
    return [unsupported({ what: 'poll_answer', reason, item: answer, time: 0, sender, detail: { poll: id ?? '?' } })];
  }
  // Ours has no ids that Telegram would know of: its options are told by their places.
  const options = (places.length > 0 ? places : persistent.map((option) => poll.options.indexOf(option)).filter((place) => place >= 0)).map(String);
  return [{
    // Votes have no time and no id: the update's own tells one from another.
    key: keyOf('vote', poll.id, sender.id, context.update, digest(options)),
    event: { type: 'poll.vote', target: poll.id, sender, options, conversation: poll.conversation, time: 0 },
  }];
}

function numbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.filter((each): each is number => typeof each === 'number') : [];
}

/** `poll`: how a poll of ours stands. Only its end is news: who votes is told one by one. */
export function decodePoll(context: Context, poll: unknown): readonly NetworkItem[] {
  const id = str(poll, 'id');
  const known = id === undefined ? undefined : context.poll(id);
  if (known !== undefined && flag(poll, 'is_closed')) {
    return [{
      key: keyOf('poll.end', known.id),
      event: { type: 'poll.end', target: known.id, results: resultsOf(poll), conversation: known.conversation, time: 0 },
    }];
  }
  const votes = num(poll, 'total_voter_count') ?? list(poll, 'options').reduce<number>((sum, option) => sum + (num(option, 'voter_count') ?? 0), 0);
  const reason = flag(poll, 'is_closed') ? 'A poll that this bridge did not send is over.' : `A poll has ${votes} votes now; who chose what is told one by one.`;
  return [unsupported({ what: 'poll', reason, item: poll, time: 0, detail: { poll: id ?? '?', votes: String(votes) } })];
}
