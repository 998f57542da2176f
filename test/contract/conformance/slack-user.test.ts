import { slackUserDriver } from '../../kit/conformance/drivers/slack.ts';
import { conforms } from './suite.ts';

conforms(slackUserDriver);
