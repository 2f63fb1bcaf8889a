// ctx and api of the flows. An action of a flow is a function of the action's
// name:
//
//   function addClaim(ctx: TokenContext, api: TokenApi) { ... }

/** A Date that prints like the original platform's: 2023-11-14 22:13:20.005 +0000 UTC. */
interface ContextDate extends Date {
  string(): string;
  unix(): number;
  unixMilli(): number;
  unixNano(): number;
  isZero(): boolean;
  year(): number;
  month(): number;
  day(): number;
  hour(): number;
  minute(): number;
  second(): number;
  before(other: Date): boolean;
  after(other: Date): boolean;
  equal(other: Date): boolean;
}

interface Human {
  firstName: string;
  lastName: string;
  nickName: string;
  displayName: string;
  avatarKey: string;
  preferredLanguage: string;
  gender: number;
  email: string;
  isEmailVerified: boolean;
  phone: string;
  isPhoneVerified: boolean;
}
interface ExternalUser {
  externalId: string;
  externalIdpId: string;
  human: Human;
}
interface User {
  id: string;
  creationDate: ContextDate;
  changeDate: ContextDate;
  resourceOwner: string;
  sequence: number;
  /** 0 unspecified, 1 active, 2 inactive, 3 deleted, 4 locked, 5 suspended, 6 initial. */
  state: number;
  username: string;
  loginNames: string[];
  preferredLoginName: string;
  human?: Human;
  machine?: { name: string; description: string };
}
interface MetadataEntry {
  creationDate: ContextDate;
  changeDate: ContextDate;
  resourceOwner: string;
  sequence: number;
  key: string;
  /** Decoded where it is JSON, else text. */
  value: any;
}
interface MetadataResult {
  count: number;
  sequence: number;
  timestamp: ContextDate;
  metadata: MetadataEntry[];
}
interface Grant {
  id: string;
  projectGrantId: string;
  /** 0 unspecified, 1 active, 2 inactive, 3 removed. */
  state: number;
  creationDate: ContextDate;
  changeDate: ContextDate;
  sequence: number;
  userId: string;
  roles: string[];
  userResourceOwner: string;
  userGrantResourceOwner: string;
  userGrantResourceOwnerName: string;
  projectId: string;
  projectName: string;
  getOrgMetadata(): MetadataResult;
}
interface GrantResult {
  count: number;
  sequence: number;
  timestamp: ContextDate;
  grants: Grant[];
}
interface AuthRequest {
  id: string;
  agentId: string;
  creationDate: ContextDate;
  changeDate: ContextDate;
  browserInfo: { userAgent: string; acceptLanguage: string; remoteIp: string };
  applicationId: string;
  callbackUri: string;
  transferState: string;
  prompt: number[];
  uiLocales: string[];
  loginHint: string;
  /** Nanoseconds. */
  maxAuthAge: number | null;
  instanceId: string;
  request: { oidc: { scopes: string[] } };
  userId: string;
  userName: string;
  loginName: string;
  displayName: string;
  resourceOwner: string;
  requestedOrgId: string;
  requestedOrgName: string;
  requestedPrimaryDomain: string;
  requestedOrgDomain: boolean;
  applicationResourceOwner: string;
  privateLabelingSetting: number;
  selectedIdpConfigId: string;
  linkingUsers: ExternalUser[];
  passwordVerified: boolean;
  /** 0 OTP, 1 U2F, 2 U2F with user verification. */
  mfasVerified: number[];
  audience: string[];
  authTime: ContextDate;
}
interface HttpRequest {
  method: string;
  url: string;
  proto: string;
  contentLength: number;
  host: string;
  form: Record<string, string[]>;
  postForm: Record<string, string[]>;
  remoteAddr: string;
  headers: Record<string, string[]>;
}

/** Refuses what the action was asked about. code: a gRPC code (1 to 16) or an HTTP status (400 to 599). The first call counts, and the script goes on. */
type Deny = (reason?: string, code?: number) => void;

/** External Authentication, Post Authentication (1/1). */
interface ExternalAuthenticationContext {
  accessToken: string;
  idToken: string;
  getClaim(name: string): any;
  claimsJSON(): string | null;
  v1: {
    externalUser: ExternalUser;
    providerInfo: any;
    authRequest: AuthRequest;
    httpRequest: HttpRequest;
    authError: string;
  };
}
interface ExternalAuthenticationApi {
  deny: Deny;
  setFirstName(value: string): void;
  setLastName(value: string): void;
  setNickName(value: string): void;
  setDisplayName(value: string): void;
  setPreferredLanguage(value: string): void;
  setPreferredUsername(value: string): void;
  setEmail(value: string): void;
  setEmailVerified(value: boolean): void;
  setPhone(value: string): void;
  setPhoneVerified(value: boolean): void;
  /** @deprecated use v1.user.appendMetadata */
  metadata: { key: string; value: any }[];
  v1: {
    user: {
      appendMetadata(key: string, value: any): void;
    };
  };
}

/** Pre Creation (1/2, 3/2). */
interface PreCreationContext {
  v1: {
    user: User;
    authRequest: AuthRequest;
    httpRequest: HttpRequest;
  };
}
interface PreCreationApi {
  deny: Deny;
  setFirstName(value: string): void;
  setLastName(value: string): void;
  setNickName(value: string): void;
  setDisplayName(value: string): void;
  setPreferredLanguage(value: string): void;
  /** 0 unspecified, 1 female, 2 male, 3 diverse. */
  setGender(value: 0 | 1 | 2 | 3): void;
  setUsername(value: string): void;
  setEmail(value: string): void;
  /** Does nothing for a user without an email address. */
  setEmailVerified(value: boolean): void;
  setPhone(value: string): void;
  /** Does nothing for a user without a phone number. */
  setPhoneVerified(value: boolean): void;
  /** @deprecated use v1.user.appendMetadata */
  metadata: { key: string; value: any }[];
  v1: {
    user: {
      appendMetadata(key: string, value: any): void;
    };
  };
}

/** Post Creation (1/3, 3/3). */
interface PostCreationContext {
  v1: {
    getUser(): User | null;
    authRequest: AuthRequest;
    httpRequest: HttpRequest;
  };
}
interface PostCreationApi {
  deny: Deny;
  /** @deprecated use v1.appendUserGrant; mind the capital ID */
  userGrants: { projectID: string; projectGrantID?: string; roles: string[] }[];
  v1: {
    appendUserGrant(grant: { projectId: string; projectGrantId?: string; roles: string[] }): void;
  };
}

/** Internal Authentication, Post Authentication (3/1): after each factor. */
interface InternalAuthenticationContext {
  v1: {
    authMethod: "password" | "OTP" | "U2F" | "passwordless";
    authError: string;
    authRequest: AuthRequest;
    httpRequest: HttpRequest;
  };
}
interface InternalAuthenticationApi {
  deny: Deny;
  /** @deprecated use v1.user.appendMetadata */
  metadata: { key: string; value: any }[];
  v1: {
    user: {
      appendMetadata(key: string, value: any): void;
    };
  };
}

/** Complement Token: Pre Userinfo creation (2/4) and Pre access token creation (2/5). */
interface TokenContext {
  v1: {
    claims: Record<string, any>;
    getUser(): User | null;
    user: {
      getMetadata(): MetadataResult;
      grants: GrantResult;
    };
    org: {
      getMetadata(): MetadataResult;
    };
    application: {
      getClientId(): string;
    };
    actor: { userId: string; issuer: string; actor: any } | null;
  };
}
interface ClaimsApi {
  /** Adds a claim. One that exists is left alone, which the log claim says; names under urn:zitadel:iam are ignored. */
  setClaim(key: string, value: any): void;
  appendLogIntoClaims(line: string): void;
}
interface TokenApi {
  deny: Deny;
  v1: {
    claims: ClaimsApi;
    /** @deprecated use claims */
    userinfo: ClaimsApi;
    user: {
      setMetadata(key: string, value: any): void;
    };
  };
}

/** Complement SAMLResponse: Pre SAMLResponse creation (4/6). */
interface SamlContext {
  v1: {
    getUser(): User | null;
    user: {
      getMetadata(): MetadataResult;
      grants: GrantResult;
    };
    org: {
      getMetadata(): MetadataResult;
    };
  };
}
interface SamlApi {
  deny: Deny;
  v1: {
    attributes: {
      /** Adds an attribute, unless there is one of that name. */
      setCustomAttribute(name: string, nameFormat: string, ...values: string[]): void;
    };
    user: {
      setMetadata(key: string, value: any): void;
    };
  };
}
