import { whatsappDriver } from '../../kit/conformance/drivers/whatsapp.ts';
import { conforms } from '../../kit/conformance/suite.ts';

conforms(whatsappDriver);
