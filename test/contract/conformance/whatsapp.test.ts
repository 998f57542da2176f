import { whatsappDriver } from '../../kit/conformance/drivers/whatsapp.ts';
import { conforms } from './suite.ts';

conforms(whatsappDriver);
