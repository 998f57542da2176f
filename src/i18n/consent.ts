/** What a person on a network writes to be bridged no longer, or again, and what they are told then, in one language. */
interface Language {
  readonly stop: readonly string[];
  readonly start: readonly string[];
  /** `{start}` is the word that takes it back. */
  readonly stopped: string;
  readonly started: string;
}

/**
 * The official languages of the European Union. STOP and START themselves are English, and mean the same to everybody. A word stands
 * here where it is the language's own for this; what it may mean besides, nobody says often in a message of that word alone.
 */
const languages: Readonly<Record<string, Language>> = {
  en: {
    stop: ['STOP'], start: ['START'],
    stopped: 'You are no longer bridged: what you write is not passed on, and nothing more is sent to you. To change that, write {start}.',
    started: 'You are bridged again: what you write from now on is passed on.',
  },
  bg: {
    stop: ['СТОП', 'СПРИ'], start: ['СТАРТ', 'ЗАПОЧНИ'],
    stopped: 'Вече не сте свързани: това, което пишете, не се предава и не Ви се изпраща нищо повече. За да промените това, напишете {start}.',
    started: 'Отново сте свързани: това, което пишете отсега нататък, се предава.',
  },
  cs: {
    stop: ['ZASTAVIT'], start: ['OBNOVIT', 'SPUSTIT'],
    stopped: 'Již nejste propojeni: co napíšete, se nepředává a nic dalšího vám nebude zasláno. Chcete-li to změnit, napište {start}.',
    started: 'Jste opět propojeni: co odteď napíšete, se předává.',
  },
  da: {
    stop: ['AFMELD'], start: ['TILMELD'],
    stopped: 'Du er ikke længere forbundet: Det, du skriver, sendes ikke videre, og der sendes ikke mere til dig. Skriv {start} for at ændre det.',
    started: 'Du er forbundet igen: Det, du skriver fra nu af, sendes videre.',
  },
  de: {
    stop: ['STOPP', 'ABMELDEN'], start: ['ANMELDEN', 'FORTSETZEN'],
    stopped: 'Sie sind nicht mehr verbunden: Was Sie schreiben, wird nicht weitergegeben, und Ihnen wird nichts mehr gesendet. Um das zu ändern, schreiben Sie {start}.',
    started: 'Sie sind wieder verbunden: Was Sie von jetzt an schreiben, wird weitergegeben.',
  },
  el: {
    stop: ['ΣΤΟΠ', 'ΔΙΑΚΟΠΗ'], start: ['ΕΝΑΡΞΗ', 'ΕΝΕΡΓΟΠΟΙΗΣΗ'],
    stopped: 'Δεν είστε πλέον συνδεδεμένοι: όσα γράφετε δεν μεταβιβάζονται και δεν θα σας σταλεί τίποτε άλλο. Για να το αλλάξετε, γράψτε {start}.',
    started: 'Είστε και πάλι συνδεδεμένοι: όσα γράφετε από εδώ και πέρα μεταβιβάζονται.',
  },
  es: {
    stop: ['PARAR', 'DETENER', 'BAJA'], start: ['INICIAR', 'REANUDAR', 'ALTA'],
    stopped: 'Ya no está conectado: lo que escriba no se transmite y no se le enviará nada más. Para cambiarlo, escriba {start}.',
    started: 'Vuelve a estar conectado: lo que escriba a partir de ahora se transmite.',
  },
  et: {
    stop: ['LÕPETA', 'PEATA'], start: ['ALUSTA', 'JÄTKA'],
    stopped: 'Te ei ole enam ühendatud: teie kirjutatut ei edastata ja teile ei saadeta enam midagi. Selle muutmiseks kirjutage {start}.',
    started: 'Olete taas ühendatud: nüüdsest edastatakse see, mida kirjutate.',
  },
  fi: {
    stop: ['LOPETA', 'PYSÄYTÄ'], start: ['ALOITA', 'JATKA'],
    stopped: 'Et ole enää yhdistettynä: kirjoittamaasi ei välitetä eteenpäin eikä sinulle lähetetä enää mitään. Voit muuttaa tämän kirjoittamalla {start}.',
    started: 'Olet taas yhdistettynä: se, mitä kirjoitat tästä eteenpäin, välitetään.',
  },
  fr: {
    stop: ['ARRÊT', 'ARRÊTER'], start: ['DÉMARRER', 'REPRENDRE'],
    stopped: 'Vous n’êtes plus relié : ce que vous écrivez n’est pas transmis et plus rien ne vous est envoyé. Pour changer cela, écrivez {start}.',
    started: 'Vous êtes de nouveau relié : ce que vous écrivez désormais est transmis.',
  },
  ga: {
    stop: ['STAD'], start: ['TOSAIGH'],
    stopped: 'Níl tú ceangailte a thuilleadh: ní chuirtear ar aghaidh an rud a scríobhann tú, agus ní sheolfar aon rud eile chugat. Chun é sin a athrú, scríobh {start}.',
    started: 'Tá tú ceangailte arís: cuirfear ar aghaidh an rud a scríobhann tú as seo amach.',
  },
  hr: {
    stop: ['ZAUSTAVI', 'ODJAVA'], start: ['POKRENI', 'PRIJAVA'],
    stopped: 'Više niste povezani: ono što napišete ne prosljeđuje se i ništa vam se više ne šalje. Da biste to promijenili, napišite {start}.',
    started: 'Ponovno ste povezani: ono što odsad napišete prosljeđuje se.',
  },
  hu: {
    stop: ['LEÁLLÍTÁS', 'LEIRATKOZÁS'], start: ['INDÍTÁS', 'FELIRATKOZÁS'],
    stopped: 'Ön már nincs összekapcsolva: amit ír, azt nem továbbítjuk, és többet nem küldünk Önnek. Ha ezen változtatna, írja ezt: {start}.',
    started: 'Ön ismét össze van kapcsolva: amit mostantól ír, azt továbbítjuk.',
  },
  it: {
    stop: ['FERMA', 'INTERROMPI'], start: ['AVVIA', 'RIPRENDI'],
    stopped: 'Non è più collegato: ciò che scrive non viene inoltrato e non Le sarà inviato altro. Per cambiare, scriva {start}.',
    started: 'È di nuovo collegato: ciò che scrive d’ora in poi viene inoltrato.',
  },
  lt: {
    stop: ['SUSTABDYTI', 'STABDYTI'], start: ['PRADĖTI', 'TĘSTI'],
    stopped: 'Jūs nebesate prijungti: tai, ką rašote, neperduodama, ir jums daugiau nieko nesiunčiama. Norėdami tai pakeisti, parašykite {start}.',
    started: 'Jūs vėl prijungti: nuo šiol perduodama tai, ką rašote.',
  },
  lv: {
    stop: ['APTURĒT', 'PĀRTRAUKT'], start: ['SĀKT', 'ATSĀKT'],
    stopped: 'Jūs vairs neesat savienots: tas, ko rakstāt, netiek nodots tālāk, un jums vairs nekas netiek sūtīts. Lai to mainītu, uzrakstiet {start}.',
    started: 'Jūs atkal esat savienots: tas, ko rakstīsiet turpmāk, tiek nodots tālāk.',
  },
  mt: {
    stop: ['WAQQAF', 'IEQAF'], start: ['IBDA'],
    stopped: 'M’għadekx imqabbad: dak li tikteb ma jintbagħatx, u ma jintbagħatlek xejn aktar. Biex tbiddel dan, ikteb {start}.',
    started: 'Erġajt imqabbad: dak li tikteb minn issa ’l quddiem jintbagħat.',
  },
  nl: {
    stop: ['STOPPEN', 'AFMELDEN'], start: ['STARTEN', 'AANMELDEN'],
    stopped: 'U bent niet meer verbonden: wat u schrijft wordt niet doorgegeven en u krijgt niets meer toegestuurd. Schrijf {start} om dat te veranderen.',
    started: 'U bent weer verbonden: wat u vanaf nu schrijft wordt doorgegeven.',
  },
  pl: {
    stop: ['ZATRZYMAJ', 'WYPISZ'], start: ['WZNÓW', 'ZAPISZ'],
    stopped: 'Nie są już Państwo połączeni: to, co Państwo piszą, nie jest przekazywane i nic więcej nie zostanie wysłane. Aby to zmienić, proszę napisać {start}.',
    started: 'Są Państwo znowu połączeni: to, co Państwo odtąd napiszą, będzie przekazywane.',
  },
  pt: {
    stop: ['PARAR'], start: ['INICIAR', 'RETOMAR'],
    stopped: 'Já não está ligado: o que escreve não é transmitido e nada mais lhe será enviado. Para mudar isto, escreva {start}.',
    started: 'Está de novo ligado: o que escrever a partir de agora é transmitido.',
  },
  ro: {
    stop: ['OPREȘTE', 'DEZABONARE'], start: ['PORNEȘTE', 'ABONARE'],
    stopped: 'Nu mai sunteți conectat: ceea ce scrieți nu este transmis și nu vi se mai trimite nimic. Pentru a schimba acest lucru, scrieți {start}.',
    started: 'Sunteți din nou conectat: ceea ce scrieți de acum înainte este transmis.',
  },
  sk: {
    stop: ['ZASTAVIŤ'], start: ['OBNOVIŤ', 'SPUSTIŤ'],
    stopped: 'Už nie ste prepojení: čo napíšete, sa neodovzdáva a nič ďalšie vám nebude zaslané. Ak to chcete zmeniť, napíšte {start}.',
    started: 'Ste opäť prepojení: čo odteraz napíšete, sa odovzdáva.',
  },
  sl: {
    stop: ['USTAVI', 'ODJAVA'], start: ['ZAČNI', 'PRIJAVA'],
    stopped: 'Niste več povezani: kar napišete, se ne posreduje in nič več vam ne bo poslano. Če želite to spremeniti, napišite {start}.',
    started: 'Spet ste povezani: kar boste odslej napisali, se posreduje.',
  },
  sv: {
    stop: ['STOPPA', 'AVSLUTA'], start: ['STARTA', 'ÅTERUPPTA'],
    stopped: 'Du är inte längre ansluten: det du skriver förs inte vidare, och inget mer skickas till dig. Skriv {start} för att ändra det.',
    started: 'Du är ansluten igen: det du skriver från och med nu förs vidare.',
  },
};

export interface Said {
  readonly means: 'stop' | 'start';
  /** What whoever wrote it is told, in the language of the word. */
  readonly answer: string;
}

/** Understands a whole message; null where it is no such word alone. */
export type ConsentWords = (text: string) => Said | null;

/** Characters. No word is longer, and not every message is to be looked at closely. */
const MOST = 40;

/** The words of all languages, with further ones, which are answered in English. A word of two languages is the first one's. */
export function consentWords(more: { readonly stop: readonly string[]; readonly start: readonly string[] }): ConsentWords {
  const known = new Map<string, Said>();
  const learn = (word: string, said: Said): void => {
    if (!known.has(looks(word))) known.set(looks(word), said);
  };
  for (const { stop, start, stopped, started } of Object.values(languages)) {
    for (const word of stop) learn(word, { means: 'stop', answer: stopped.replace('{start}', start[0] ?? 'START') });
    for (const word of start) learn(word, { means: 'start', answer: started });
  }
  const { en } = languages;
  for (const word of more.stop) learn(word, { means: 'stop', answer: en?.stopped.replace('{start}', 'START') ?? '' });
  for (const word of more.start) learn(word, { means: 'start', answer: en?.started ?? '' });
  return (text) => (text.length > MOST ? null : (known.get(looks(text)) ?? null));
}

/**
 * Without capitals, accents, and what stands around it. A slash is how commands begin on some networks. A question mark stays: who asks
 * "stop?" has not decided.
 */
function looks(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ς', 'σ').replace(/^[\s/"'“”„«»*_.!-]+|[\s"'“”„«»*_.!…-]+$/gu, '');
}

/** Nobody shouts by accident: where others listen, who writes `stop` may mean them. */
export function isShouted(text: string): boolean {
  return text === text.toUpperCase();
}
