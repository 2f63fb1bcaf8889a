// ctx and api of an action that is the target of an execution.

/** What an HTTP target would be sent. Which members there are depends on the condition. */
interface TargetContext {
  fullMethod?: string;
  instanceID?: string;
  orgID?: string;
  projectID?: string;
  userID?: string;
  request?: any;
  response?: any;
  headers?: Record<string, string[]>;
  [member: string]: any;
}

interface TargetApi {
  /** Replaces the payload. A returned object does too, and comes first. */
  setPayload(payload: object): void;
  /** Refuses. code: a gRPC code (1 to 16) or an HTTP status (400 to 599). The first call counts. */
  deny(reason?: string, code?: number): void;
}
