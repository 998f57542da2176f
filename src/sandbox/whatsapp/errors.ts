interface Known {
  readonly status: number;
  readonly title: string;
  readonly details: string;
}

/**
 * Codes, titles and HTTP statuses of Meta's page "Error codes" (Cloud API). The statuses are of its older revision, which
 * still listed them; clients are told there to go by the code.
 */
const known: Readonly<Record<number, Known>> = {
  10: { status: 403, title: 'Application does not have permission for this action', details: 'Permission is either not granted or has been removed.' },
  100: { status: 400, title: 'Invalid parameter', details: 'The request has a parameter that is not supported or is misspelled.' },
  190: { status: 401, title: 'Access token has expired', details: 'The access token has expired.' },
  130429: { status: 429, title: 'Rate limit hit', details: 'Too many messages were sent from this phone number in a short period of time.' },
  130472: { status: 400, title: "User's number is part of an experiment", details: 'The message was not sent as part of an experiment.' },
  131000: { status: 500, title: 'Something went wrong', details: 'The message failed to send because of an unknown error.' },
  131009: { status: 400, title: 'Parameter value is not valid', details: 'One or more parameter values are not valid.' },
  131020: { status: 400, title: 'Group has no participants', details: 'The group has no other participants, so the message cannot be sent.' },
  131021: { status: 400, title: 'Recipient cannot be sender', details: 'Sender and recipient phone number is the same.' },
  131026: { status: 400, title: 'Message undeliverable', details: 'The recipient cannot receive this message.' },
  131041: { status: 400, title: 'Group does not exist', details: 'The group does not exist, or the business is not a participant of it.' },
  131047: { status: 400, title: 'Re-engagement message', details: 'More than 24 hours have passed since the recipient last replied to this number.' },
  131048: { status: 400, title: 'Spam rate limit hit', details: 'Too many messages of this phone number were blocked or flagged as spam.' },
  131049: { status: 400, title: 'Meta chose not to deliver', details: 'The message was not delivered to maintain healthy ecosystem engagement.' },
  131051: { status: 400, title: 'Unsupported message type', details: 'This message type is not supported.' },
  131053: { status: 400, title: 'Media upload error', details: 'The media of the message could not be processed.' },
  131056: { status: 400, title: '(Business Account, Consumer Account) pair rate limit hit', details: 'Too many messages were sent from this phone number to the same phone number in a short period of time.' },
  131204: { status: 400, title: 'Group is full', details: 'The group has reached its maximum number of participants.' },
  131207: { status: 400, title: 'Group suspended', details: 'The group has been suspended by WhatsApp.' },
  131211: { status: 400, title: 'Group limit reached', details: 'The phone number has reached its limit of groups.' },
  131212: { status: 400, title: 'Not a participant', details: 'The user is not a participant of the group.' },
  132000: { status: 400, title: 'Number of parameters does not match the expected number of params', details: 'The number of variable values is not that of the template.' },
  132001: { status: 404, title: 'Template name does not exist in the translation', details: 'The template does not exist in this language, or is not approved.' },
  132005: { status: 400, title: 'Translated text too long', details: 'The translated text is too long.' },
  132012: { status: 400, title: 'Parameter format does not match format in the created template', details: 'Variable values are formatted incorrectly.' },
  132015: { status: 400, title: 'Template is paused', details: 'The template is paused due to low quality.' },
  132018: { status: 400, title: 'There is an issue with the parameters in your template', details: 'A value may not stand in a template.' },
};

/** An error as the Graph API answers it; `details` becomes `error_data.details`. */
export class GraphError extends Error {
  override name = 'GraphError';
  readonly code: number;
  readonly status: number;
  readonly details: string | undefined;
  readonly type: string;
  readonly subcode: number | undefined;

  constructor(code: number, options: { details?: string; message?: string; type?: string; subcode?: number; status?: number } = {}) {
    const entry = known[code];
    super(options.message ?? `(#${code}) ${entry?.title ?? 'Something went wrong'}`);
    this.code = code;
    this.status = options.status ?? entry?.status ?? 400;
    this.details = options.details ?? (options.message === undefined ? entry?.details : undefined);
    this.type = options.type ?? 'OAuthException';
    this.subcode = options.subcode;
  }

  /** Graph API, "Handle errors"; Cloud API, "Error codes": `error_data` only where there are details. */
  body(traceId: string): Record<string, unknown> {
    return {
      error: {
        message: this.message,
        type: this.type,
        code: this.code,
        ...(this.details === undefined ? {} : { error_data: { messaging_product: 'whatsapp', details: this.details } }),
        ...(this.subcode === undefined ? {} : { error_subcode: this.subcode }),
        fbtrace_id: traceId,
      },
    };
  }
}

/** (#100) with what is wrong in `error_data.details`. */
export function invalid(details: string): GraphError {
  return new GraphError(100, { details });
}

/** What Graph says of an id that it does not know for this token. */
export function unknownObject(id: string): GraphError {
  const message = `Unsupported request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`;
  return new GraphError(100, { message, type: 'GraphMethodException', subcode: 33 });
}

/** An error as it stands in a webhook: in `statuses[].errors` and `messages[].errors`. */
export function webhookError(code: number, details?: string): Record<string, unknown> {
  const title = known[code]?.title ?? 'Something went wrong';
  return {
    code,
    title,
    message: title,
    error_data: { details: details ?? known[code]?.details ?? title },
    href: 'https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/',
  };
}
