// What require and import know.

declare module "zitadel/log" {
  export function log(...data: unknown[]): void;
  export function info(...data: unknown[]): void;
  /** As on the original platform: the same as info. */
  export function debug(...data: unknown[]): void;
  export function warn(...data: unknown[]): void;
  export function error(...data: unknown[]): void;
}

declare module "zitadel/http" {
  interface Options {
    method?: string;
    /** Replaces the default headers; a text with commas is several values. */
    headers?: Record<string, string | string[]>;
    /** Always sent as JSON, a text with quotes. For anything else there is the global fetch. */
    body?: unknown;
  }
  interface HttpResponse {
    readonly status: number;
    readonly statusCode: number;
    readonly body: string;
    readonly headers: Record<string, string[]>;
    json(): any;
    text(): string;
  }
  /** Waits for the answer and returns it, without a promise. */
  export function fetch(url: string, options?: Options): HttpResponse;
}

declare module "zitadel/uuid" {
  export function v1(): string;
  export function v3(namespace: string, data: string): string;
  export function v4(): string;
  export function v5(namespace: string, data: string): string;
  export function v7(): string;
  export const namespaceDNS: string;
  export const namespaceURL: string;
  export const namespaceOID: string;
  export const namespaceX500: string;
}

declare module "actionplane/crypto" {
  type Data = string | ArrayBuffer | ArrayBufferView;
  type Encoding = "hex" | "base64" | "base64url";
  type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512" | "sha1" | "sha256" | "sha384" | "sha512";
  export function hash(algorithm: Hash, data: Data, encoding?: Encoding): string;
  export function hash(algorithm: Hash, data: Data, encoding: "bytes"): Uint8Array;
  export function hmac(algorithm: Hash, key: Data, data: Data, encoding?: Encoding): string;
  export function hmac(algorithm: Hash, key: Data, data: Data, encoding: "bytes"): Uint8Array;
  export function randomBytes(count: number, encoding?: Encoding): string;
  export function randomBytes(count: number, encoding: "bytes"): Uint8Array;
  export function timingSafeEqual(a: Data, b: Data): boolean;
}

declare module "actionplane/jwt" {
  type Algorithm = "HS256" | "HS384" | "HS512" | "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA";
  /** A PEM, a JWK (object or its JSON), or for HS* a secret: any other text, or bytes. */
  type Key = string | object | ArrayBuffer | ArrayBufferView;
  interface SignOptions {
    /** Default HS256. */
    algorithm?: Algorithm;
    header?: Record<string, unknown>;
    keyId?: string;
    /** Seconds. */
    expiresIn?: number;
  }
  interface VerifyOptions {
    algorithm?: Algorithm;
    algorithms?: Algorithm[];
    issuer?: string;
    audience?: string;
    /** Seconds; default 30. */
    clockTolerance?: number;
  }
  export function sign(claims: object, key: Key, options?: SignOptions): string;
  /** Returns the claims, or throws. */
  export function verify(token: string, key: Key, options?: VerifyOptions): any;
  /** Verifies nothing. */
  export function decode(token: string): { header: any; claims: any };
}

declare module "actionplane/secrets" {
  /** The value of a secret, null where there is none. Logs show [redacted] for it. */
  export function get(name: string): string | null;
  export function has(name: string): boolean;
}
