/** One kind of failure: what it means for HTTP, whether trying again can help, and its message with `{fields}` to fill. */
interface ErrorDefinition {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
  readonly message: string;
}

/**
 * Every error the system raises on purpose. Codes are stable and never reused; `docs/errors.md` lists the same ones
 * (a test compares them). `message` names the offending value and what to do.
 */
export const ERRORS = {
  TICKER_INVALID: {
    status: 400,
    retryable: false,
    title: 'Ill-formed ticker',
    message: 'The ticker "{ticker}" is not well-formed: expected {expected}.',
  },
  TICKER_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown ticker',
    message: 'No prices are known for {ticker}. Known: {known}. Upload its prices first.',
  },
  HORIZON_INVALID: {
    status: 400,
    retryable: false,
    title: 'Ill-formed horizon',
    message: 'The horizon "{horizon}" is not possible: expected a whole number, {expected}.',
  },
  DATE_INVALID: {
    status: 400,
    retryable: false,
    title: 'Ill-formed date',
    message: 'The date "{date}" is not possible: expected {expected}.',
  },
  REQUEST_INVALID: {
    status: 400,
    retryable: false,
    title: 'Request not understood',
    message: '{field}: {problem}.',
  },
  REQUEST_FOREIGN: {
    status: 403,
    retryable: false,
    title: 'Request from elsewhere',
    message:
      'The {field} of this request is "{value}". The API has no authentication and answers only this machine and its own pages: use its address, 127.0.0.1 or localhost, or allow another host in STOCKCAST_ALLOWED_HOSTS.',
  },
  REQUEST_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'Request too large',
    message: 'The body of the request is larger than {limit}. Ask for less at a time.',
  },
  RATE_LIMITED: {
    status: 429,
    retryable: true,
    title: 'Too many requests',
    message: 'This address has asked {limit} times within a minute. Ask again in {seconds} s, or raise {setting}.',
  },
  STREAMS_BUSY: {
    status: 503,
    retryable: true,
    title: 'Too many are waiting',
    message:
      '{limit} requests follow runs already, with wait=true or as event streams. Ask for GET /runs/:id instead, or raise {setting}.',
  },
  NOT_READY: {
    status: 503,
    retryable: true,
    title: 'Not ready',
    message: 'The API is not ready: {problems}.',
  },
  MEDIA_TYPE_UNSUPPORTED: {
    status: 415,
    retryable: false,
    title: 'Content type not understood',
    message: 'The content type "{type}" is not understood here: expected {expected}.',
  },
  ROUTE_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown address',
    message: 'There is nothing at {method} {path}. GET / lists what there is.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: 'Method not allowed',
    message: '{method} is not possible on {path}. Possible: {allowed}.',
  },
  UNEXPECTED: {
    status: 500,
    retryable: false,
    title: 'Unexpected failure',
    message: 'Something failed that nobody foresaw. The log of the API has more under the request id {requestId}.',
  },
  MODEL_KIND_UNKNOWN: {
    status: 400,
    retryable: false,
    title: 'Unknown model kind',
    message: 'There is no model kind "{kind}". Known: {known}.',
  },
  PARAMETER_INVALID: {
    status: 400,
    retryable: false,
    title: 'Parameter not possible',
    message: '{kind}: {problem}.',
  },
  MODEL_MISSING: {
    status: 409,
    retryable: false,
    title: 'No model yet',
    message: '{ticker} has no {kind} model for {horizon} sessions yet. Train one: {how}.',
  },
  MODEL_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown model',
    message: 'There is no evaluated model {id}. npx stockcast compare TICKER shows the ids of those that there are.',
  },
  NOT_IN_POOL: {
    status: 409,
    retryable: false,
    title: 'Not among the pooled tickers',
    message:
      '{ticker} is not among the tickers that the {kind} model {model} learnt from. Train it together with others.',
  },
  CERTIFICATE_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown certificate',
    message: 'There is no certificate {id}. npx stockcast leaderboard shows the models that have one.',
  },
  CERTIFICATE_BROKEN: {
    status: 500,
    retryable: false,
    title: 'Certificate does not hold',
    message: 'The certificate {id} does not hold: {problems}.',
  },
  VERDICT_REFUSED: {
    status: 409,
    retryable: false,
    title: 'Verdict refused',
    message: 'The verdict cannot be taken: {problem}.',
  },
  ROLLBACK_REFUSED: {
    status: 409,
    retryable: false,
    title: 'Rollback refused',
    message: 'What serves {ticker} for {horizon} sessions stays: {problem}.',
  },
  EXPERIMENT_REFUSED: {
    status: 409,
    retryable: false,
    title: 'Experiment refused',
    message: 'No experiment was started on {ticker} for {horizon} sessions: {problem}.',
  },
  EXPERIMENT_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown experiment',
    message: 'There is no experiment "{id}". npx stockcast experiments lists those that there are.',
  },
  LINEAGE_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Nothing has this id',
    message:
      'There is no forecast, promotion, model, certificate or dataset with the id "{id}". npx stockcast predict TICKER shows the id of a forecast, models history TICKER those of promotions and models, certificate TICKER that of a certificate.',
  },
  DATASET_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown dataset',
    message: 'There is no dataset "{id}". npx stockcast datasets list TICKER shows those that there are.',
  },
  DATASET_GONE: {
    status: 410,
    retryable: false,
    title: 'Dataset not held any more',
    message:
      'The dataset {id} of {ticker}, taken {takenAt}, is not in the object store any more. gc removes those that no model learnt from; training or features as of its day write it again.',
  },
  TOO_FEW_SESSIONS: {
    status: 422,
    retryable: false,
    title: 'Too few sessions to train',
    message:
      '{ticker} has {sessions} sessions{until}, at least {needed} are needed to train. Upload more of its history.',
  },
  DATA_UNSOUND: {
    status: 422,
    retryable: false,
    title: 'Prices not fit to learn from',
    message: 'What is known of {ticker} is not fit to learn from: {problems}.',
  },
  GATE_FAILED: {
    status: 422,
    retryable: false,
    title: 'No candidate passed',
    message: 'No candidate of {ticker} for {horizon} sessions may serve: {problems}.',
  },
  GAVE_UP: {
    status: 422,
    retryable: false,
    title: 'Parked in vain',
    message:
      'The run of {ticker} was parked for {hours} hours and nobody mended it: {reason}. Mend it and train again.',
  },
  MENDING_REFUSED: {
    status: 409,
    retryable: false,
    title: 'Mending refused',
    message: 'That cannot be taken: {problem}.',
  },
  FEATURES_MISSING: {
    status: 404,
    retryable: false,
    title: 'No features yet',
    message:
      'No features of {ticker} can be known as of {when}: the first ones are those of its session number {needed}. Ask for a later date, or upload more of its history.',
  },
  FILE_REFUSED: {
    status: 422,
    retryable: false,
    title: 'File refused',
    message: '{file} was refused and nothing was stored: {problems}.',
  },
  FILE_UNREADABLE: {
    status: 400,
    retryable: false,
    title: 'File cannot be read',
    message: '{file} cannot be read: {problem}.',
  },
  UPLOAD_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'Upload too large',
    message: 'The upload is larger than {limit} bytes. Split the file, or raise {setting}.',
  },
  UPLOAD_BUSY: {
    status: 503,
    retryable: true,
    title: 'Another upload is under way',
    message:
      'The prices of another file are still being taken in, and this one waited for it in vain. Try again later.',
  },
  SOURCE_UNKNOWN: {
    status: 400,
    retryable: false,
    title: 'Unknown price source',
    message: 'There is no price source "{source}". Known: {known}.',
  },
  SOURCE_TICKER_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Ticker unknown to the price source',
    message:
      '{source} has no prices of {ticker}: {problem}. Check how it writes the ticker, or upload a file of prices.',
  },
  SOURCE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'Price source cannot be reached',
    message:
      '{source} does not answer: {problem}. Try again in {retryAfterSeconds} s, or use what is known (source csv).',
  },
  PRICES_REFUSED: {
    status: 502,
    retryable: false,
    title: 'Prices of a source refused',
    message: 'What {source} says of {ticker} was refused and nothing was stored: {problems}. {advice}.',
  },
  RESTATEMENT_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown restatement',
    message: 'There is no restatement "{id}". npx stockcast restatements lists those that there are.',
  },
  RUN_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown run',
    message: 'There is no run "{run}". npx stockcast runs or GET /runs lists those that there are.',
  },
  RUN_FAILED: {
    status: 500,
    retryable: false,
    title: 'Run failed',
    message: 'The run {run} failed: {reason}.',
  },
  SCHEDULES_INVALID: {
    status: 422,
    retryable: false,
    title: 'Schedules not usable',
    message: 'The schedules in {file} are not usable and nothing was changed: {problems}.',
  },
  SCHEDULE_UNKNOWN: {
    status: 404,
    retryable: false,
    title: 'Unknown schedule',
    message:
      'There is no schedule "{schedule}". Known: {known}. npx stockcast schedules apply makes those of the file.',
  },
  SCHEDULE_FOREIGN: {
    status: 409,
    retryable: false,
    title: 'Schedule of somebody else',
    message:
      'The schedule {schedule} was not made by stockcast and is left alone. Remove it, or give ours another name in the file.',
  },
  OBJECT_MISSING: {
    status: 500,
    retryable: false,
    title: 'Stored object missing',
    message: 'The object {key} is not in the object store, though a record points to it. Restore it or train again.',
  },
  OBJECT_DAMAGED: {
    status: 500,
    retryable: false,
    title: 'Stored object damaged',
    message: 'The object {key} is damaged: {problem}. Restore it or train again.',
  },
  OBJECTS_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'Object store cannot be reached',
    message: 'The object store at {endpoint} does not answer: {problem}. Try again shortly.',
  },
  OBJECTS_REFUSED: {
    status: 500,
    retryable: false,
    title: 'Object store refuses',
    message:
      'The object store at {endpoint} refuses the bucket {bucket}: {problem}. Check S3_ACCESS_KEY, S3_SECRET_KEY and what they are allowed to do.',
  },
  REFERENCES_UNKNOWN: {
    status: 409,
    retryable: false,
    title: 'References cannot be followed',
    message:
      'The ledger or the forecasts name {count} models that the registry does not know, {ids} among them. What those rest on cannot be told from garbage, so nothing was removed. Use the registry that they were entered in.',
  },
  OBJECTS_FULL: {
    status: 503,
    retryable: true,
    title: 'No room for objects',
    message:
      'There is no room left for the object {key}: {problem}. Make room where {root} lies; runs wait and try again by themselves.',
  },
  WORKER_DIED: {
    status: 500,
    retryable: false,
    title: 'Worker process died again and again',
    message:
      'The step {step} was given up: {times} times in a row the worker process that computed it died or fell silent, without a further checkpoint in between; it was last heard of at {progress}. Look for the reason in the log of the training worker: often memory, or an input that crashes it.',
  },
  TRAINING_OUT_OF_MEMORY: {
    status: 500,
    retryable: false,
    title: 'Training out of memory',
    message:
      'The thread that computed {job} of {learner} ran out of memory; its heap may grow to {limit}. Train on fewer sessions or tickers, or give the worker more: NODE_OPTIONS=--max-old-space-size=MEGABYTES.',
  },
  MODEL_INPUT_INVALID: {
    status: 500,
    retryable: false,
    title: 'Model input not usable',
    message: '{kind}: {problem}.',
  },
  TEMPORAL_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'Temporal cannot be reached',
    message: 'Temporal at {address} does not answer: {problem}. Runs cannot be started or read until it is back.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'Database cannot be reached',
    message: 'The database does not answer: {problem}. Try again shortly.',
  },
  DATABASE_INCOMPATIBLE: {
    status: 500,
    retryable: false,
    title: 'Database of another version',
    message:
      'The tables in the database were made by another version of stockcast or by something else: {problem}. Name another one in DATABASE_URL; locally, npm start -- --fresh forgets everything and makes new tables.',
  },
  CACHE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'Shared cache cannot be reached',
    message: 'Redis does not answer: {problem}. Answers go on without it, a little slower.',
  },
  MLFLOW_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'MLflow cannot be reached',
    message: 'MLflow does not answer: {problem}. Runs and forecasts go on without it; it is told when it is back.',
  },
  MLFLOW_REFUSED: {
    status: 502,
    retryable: false,
    title: 'MLflow refused a call',
    message: 'MLflow refused what it was told: {problem}.',
  },
  CONFIG_INVALID: {
    status: 500,
    retryable: false,
    title: 'Configuration not usable',
    message: 'The configuration is not usable: {problems}.',
  },
  STACK_FAILED: {
    status: 500,
    retryable: false,
    title: 'Local stack failed',
    message: '{part} could not be started: {problem}.',
  },
  STACK_NOT_RUNNING: {
    status: 503,
    retryable: true,
    title: 'No stack is running',
    message: 'No stack is running here ({stateDir}): npm start, or set {setting}.',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;

/** Values that fill a message; also given to machines beside it. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** A failure that the system raises on purpose: a stable code, a message for people, and the values it speaks of. */
export class StockcastError extends Error {
  override readonly name = 'StockcastError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(fill(ERRORS[code].message, details), options);
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get title(): string {
    return ERRORS[this.code].title;
  }
}

function fill(template: string, details: ErrorDetails): string {
  const counted = template.replace(/\{(\w+)\} sessions\b/g, (many, name: string) =>
    details[name] === 1 ? `{${name}} session` : many,
  );
  return counted.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = details[name];
    if (value === undefined) return '?';
    return Array.isArray(value) ? value.join(', ') : String(value);
  });
}
