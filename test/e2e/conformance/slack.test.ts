import { conforms } from '../../kit/conformance/suite.ts';
import { slackDriver } from '../../kit/conformance/drivers/slack.ts';
import { onSynapse } from '../../kit/matrix/synapse.ts';

conforms(slackDriver, { matrix: onSynapse, oneRoom: true });
