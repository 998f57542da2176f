import { conforms } from '../../kit/conformance/suite.ts';
import { telegramDriver } from '../../kit/conformance/drivers/telegram.ts';
import { onSynapse } from '../../kit/matrix/synapse.ts';

conforms(telegramDriver, { matrix: onSynapse, oneRoom: true });
