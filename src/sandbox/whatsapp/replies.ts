import type { Message } from './state.ts';

interface Choice {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
}

interface Interactive {
  readonly type: string;
  readonly action: {
    readonly buttons?: readonly { readonly reply: Choice }[];
    readonly sections?: readonly { readonly rows: readonly Choice[] }[];
  };
}

interface TemplateComponent {
  readonly type?: string;
  readonly sub_type?: string;
  readonly parameters?: readonly { readonly payload?: string; readonly text?: string }[];
}

/** What a message with choices offers, in order. Empty for any other. */
export function choicesOf(message: Readonly<Message>): readonly Choice[] {
  if (message.type === 'interactive') {
    const { action } = message.body as Interactive;
    return action.buttons?.map((button) => button.reply) ?? action.sections?.flatMap((section) => section.rows) ?? [];
  }
  if (message.type !== 'template') return [];
  const components = (message.body as { components?: readonly TemplateComponent[] }).components ?? [];
  return components
    .filter((component) => component.type === 'button' && component.sub_type === 'quick_reply')
    .map((component, index) => ({ id: component.parameters?.[0]?.payload ?? String(index), title: component.parameters?.[0]?.text ?? `Button ${index + 1}` }));
}

/**
 * The message that picking one of the choices makes: `interactive` with `button_reply` or `list_reply` (Interactive
 * messages webhook), `button` for a template's quick reply (Button messages webhook).
 * @throws Error when there is no such choice
 */
export function answerTo(message: Readonly<Message>, choice: number | string): { readonly type: string; readonly content: Record<string, unknown> } {
  const choices = choicesOf(message);
  const picked = typeof choice === 'number' ? choices[choice] : choices.find((one) => one.id === choice || one.title === choice);
  if (!picked) throw new Error(`message ${message.id} offers no choice ${choice}`);
  if (message.type === 'template') return { type: 'button', content: { payload: picked.id, text: picked.title } };
  const kind = (message.body as Interactive).type === 'list' ? 'list_reply' : 'button_reply';
  return { type: 'interactive', content: { type: kind, [kind]: { ...picked } } };
}
