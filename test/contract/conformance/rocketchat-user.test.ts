import { rocketchatUserDriver } from '../../kit/conformance/drivers/rocketchat.ts';
import { conforms } from './suite.ts';

conforms(rocketchatUserDriver);
