import { conforms } from '../../kit/conformance/suite.ts';
import { rocketchatDriver } from '../../kit/conformance/drivers/rocketchat.ts';
import { onSynapse } from '../../kit/matrix/synapse.ts';

conforms(rocketchatDriver, { matrix: onSynapse, oneRoom: true });
