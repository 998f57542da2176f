import { visibleName } from '../../../model/names.ts';
import { prefixes } from '../../shared/prefix.ts';

/** Formatting stands beside the text on Telegram, so a name has no sign that could be taken for markup. */
export const { label, dress } = prefixes((name) => visibleName(name) || 'Matrix user');
