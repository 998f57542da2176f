import type { ChoiceContent, OrderContent, PollContent, UnsupportedContent } from '../../model/content.ts';

/** What a network has no form of its own for, for instance a choice made on another one. */
export function inWords(content: ChoiceContent | OrderContent | PollContent | UnsupportedContent): string {
  switch (content.kind) {
    case 'choice': {
      const fields = (content.fields ?? []).map((field) => `${field.name}: ${field.value}`);
      return [content.title === '' ? (content.value ?? '') : content.title, content.description, ...fields].filter(Boolean).join('\n');
    }
    case 'order': {
      const items = content.items.map((item) => {
        const price = item.price === undefined ? '' : ` (${item.price}${item.currency === undefined ? '' : ` ${item.currency}`})`;
        return `${item.quantity} × ${item.id}${price}`;
      });
      return [content.note, ...items].filter(Boolean).join('\n');
    }
    case 'poll':
      return [`📊 ${content.question}`, ...content.options.map((option, index) => `${index + 1}. ${option.text}`)].join('\n');
    case 'unsupported':
      return `[${content.what}] ${content.reason}`;
  }
}
