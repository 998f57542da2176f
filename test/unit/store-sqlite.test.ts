import { sqliteFile } from '../kit/model/store/sqlite.ts';
import { storeSuite } from '../kit/model/store/suite.ts';

storeSuite('SQLite', sqliteFile);
