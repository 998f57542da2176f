/** An answer in the specification's form. */
export class MatrixFailure extends Error {
  readonly status: number;
  readonly errcode: string;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, errcode: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.errcode = errcode;
    this.more = more;
  }
}

export function forbidden(message: string): MatrixFailure {
  return new MatrixFailure(403, 'M_FORBIDDEN', message);
}

export function notFound(message: string): MatrixFailure {
  return new MatrixFailure(404, 'M_NOT_FOUND', message);
}
