import { z } from 'zod';
import { GraphError, invalid, unknownObject } from './errors.ts';
import { type Call, type Graph, jsonOf, mustBe } from './graph.ts';
import { type Group, type GroupHandle, makeGroup } from './groups.ts';
import { documented } from './options.ts';
import type { World } from './state.ts';
import { memberOf } from './statuses.ts';

const subject = z.string().transform((text) => text.trim()).pipe(z.string().min(1).max(128));
const description = z.string().max(2048);
const product = z.literal('whatsapp');
const creation = z.strictObject({
  messaging_product: product, subject, description: description.optional(), join_approval_mode: z.enum(['auto_approve', 'approval_required']).optional(),
});
const update = z.strictObject({ messaging_product: product, subject: subject.optional(), description: description.optional() });
const removal = z.strictObject({ messaging_product: product, participants: z.array(z.strictObject({ user: z.string().min(1) })).min(1).max(8) });

/** Groups API: `/{phone-number-id}/groups` and `/{group-id}` with what is below it. */
export function groupRoutes(graph: Graph, world: World, handleOf: (group: Group) => GroupHandle): void {
  const live = (call: Call): Group => {
    const group = world.groups.get(call.params['group'] ?? '');
    if (group === undefined || group.deleted) throw unknownObject(call.params['group'] ?? '');
    return group;
  };
  graph.on('POST', '/:phone/groups', (call) => {
    mustBe(call.params['phone'], world.options.phoneNumberId);
    const given = checked(creation, call);
    if (world.groups.size >= documented.groups) throw new GraphError(131211);
    const group = makeGroup(world, { subject: given.subject, description: given.description, approval: given.join_approval_mode });
    handleOf(group).announce();
    return { json: { messaging_product: 'whatsapp', request_id: group.requestId } };
  });
  graph.on('GET', '/:phone/groups', (call) => {
    mustBe(call.params['phone'], world.options.phoneNumberId);
    const groups = [...world.groups.values()].filter(({ deleted }) => !deleted).map(({ id, subject: name, createdAt }) => ({ id, subject: name, created_at: String(Math.floor(createdAt / 1000)) }));
    return { json: { data: { groups }, paging: { cursors: { before: 'QVFI', after: 'QVFI' } } } };
  });
  graph.on('POST', '/:group', (call) => {
    const group = live(call);
    const { messaging_product: _product, ...given } = checked(update, call);
    if (Object.keys(given).length === 0) throw invalid('One of subject and description is required.');
    handleOf(group).change({ ...(given.subject === undefined ? {} : { subject: given.subject }), ...(given.description === undefined ? {} : { description: given.description }) });
    return { json: { messaging_product: 'whatsapp', request_id: world.random.hex(16) } };
  });
  graph.on('GET', '/:group/invite_link', (call) => ({ json: { messaging_product: 'whatsapp', invite_link: live(call).inviteLink } }));
  graph.on('DELETE', '/:group/participants', (call) => {
    const group = live(call);
    const people = checked(removal, call).participants.map(({ user }) => {
      const person = world.findPerson(user.replace(/[\s+().-]/g, '')) ?? world.findPerson(user);
      if (person === undefined || !group.members.has(person.key)) throw new GraphError(131212);
      return person;
    });
    handleOf(group).remove(people);
    return { json: { messaging_product: 'whatsapp', request_id: world.random.hex(16) } };
  });
}

const fields = ['id', 'subject', 'description', 'suspended', 'creation_timestamp', 'participants', 'total_participant_count', 'join_approval_mode'];

/** `GET /{group-id}?fields=` (Get group info); undefined for what is no group. @throws GraphError for a field that it does not have */
export function groupInfo(world: World, id: string, asked: string | undefined): Record<string, unknown> | undefined {
  const group = world.groups.get(id);
  if (group === undefined || group.deleted) return undefined;
  const people = [...group.members].flatMap((key) => world.people.get(key) ?? []);
  const all: Record<string, unknown> = {
    id, subject: group.subject, description: group.description, suspended: group.suspended, creation_timestamp: Math.floor(group.createdAt / 1000),
    participants: people.map(memberOf), total_participant_count: people.length, join_approval_mode: group.approval,
  };
  const wanted = asked?.split(',') ?? fields;
  for (const field of wanted) if (!fields.includes(field)) throw new GraphError(100, { message: `(#100) Tried accessing nonexisting field (${field})` });
  return { ...Object.fromEntries(wanted.map((field) => [field, all[field]])), messaging_product: 'whatsapp', id };
}

function checked<Schema extends z.ZodType>(schema: Schema, call: Call): z.output<Schema> {
  const result = schema.safeParse(jsonOf(call));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`Param ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}`);
}
