import { rocketchatUserDriver } from '../../kit/conformance/drivers/rocketchat.ts';
import { conforms } from '../../kit/conformance/suite.ts';

conforms(rocketchatUserDriver);
