import { conforms } from '../../kit/conformance/suite.ts';
import { whatsappDriver } from '../../kit/conformance/drivers/whatsapp.ts';
import { onSynapse } from '../../kit/matrix/synapse.ts';

conforms(whatsappDriver, { matrix: onSynapse, oneRoom: true });
