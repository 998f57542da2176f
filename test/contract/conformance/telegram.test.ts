import { telegramDriver } from '../../kit/conformance/drivers/telegram.ts';
import { conforms } from './suite.ts';

conforms(telegramDriver);
