import { telegramDriver } from '../../kit/conformance/drivers/telegram.ts';
import { conforms } from '../../kit/conformance/suite.ts';

conforms(telegramDriver);
