import { conforms } from '../../kit/conformance/suite.ts';
import { whatsappDriver } from '../../kit/conformance/drivers/whatsapp.ts';
import { onSynapse } from '../../kit/conformance/matrix/synapse.ts';

conforms(whatsappDriver, { matrix: onSynapse, oneRoom: true });
