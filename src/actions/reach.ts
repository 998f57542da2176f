import type { Capability, ReachFeature } from '../model/capabilities.ts';
import type { Reach } from '../networks/network.ts';
import { asMistake, Unable, type UsedAccount } from './action.ts';

/** How far an account can do that. */
export function ableTo({ connection }: UsedAccount, feature: ReachFeature): Capability {
  return connection.capabilities({ id: '', scope: '', kind: 'direct', aliases: [] }).reach[feature];
}

/**
 * Does it, where the account can.
 * @throws Unable with the reason where it cannot; Mistake where the network refuses; NoAnswer
 */
export async function reaching<Call extends keyof Reach, Result>(
  account: UsedAccount, feature: ReachFeature, call: Call, run: (reach: Required<Pick<Reach, Call>>) => Promise<Result>,
): Promise<Result> {
  const { reach } = account.connection;
  if (reach?.[call] === undefined) throw new Unable(`${account.network.name} cannot do that: ${ableTo(account, feature).reason ?? 'its API has no such thing.'}`);
  try {
    return await run(reach as Required<Pick<Reach, Call>>);
  } catch (error) {
    return asMistake(error);
  }
}
