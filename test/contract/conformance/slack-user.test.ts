import { slackUserDriver } from '../../kit/conformance/drivers/slack.ts';
import { conforms } from '../../kit/conformance/suite.ts';

conforms(slackUserDriver);
