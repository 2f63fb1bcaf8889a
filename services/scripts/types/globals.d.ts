// What scripts find besides the language itself. Use it with
// "lib": ["es2022"] and without "dom": of what browsers have, this is all.

declare function require(name: "zitadel/log"): typeof import("zitadel/log");
declare function require(name: "zitadel/http"): typeof import("zitadel/http");
declare function require(name: "zitadel/uuid"): typeof import("zitadel/uuid");
declare function require(name: "actionplane/crypto"): typeof import("actionplane/crypto");
declare function require(name: "actionplane/jwt"): typeof import("actionplane/jwt");
declare function require(name: "actionplane/secrets"): typeof import("actionplane/secrets");

/** Lines of the invocation's log. The first text may hold %s %d %i %f %j %o %O %%. */
interface Console {
  log(...data: unknown[]): void;
  info(...data: unknown[]): void;
  debug(...data: unknown[]): void;
  warn(...data: unknown[]): void;
  error(...data: unknown[]): void;
  trace(...data: unknown[]): void;
  dir(...data: unknown[]): void;
  assert(condition: unknown, ...data: unknown[]): void;
}
declare const console: Console;

/** The run ends when no timer is pending; at most 1,000 may be. */
declare function setTimeout(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number;
declare function setInterval(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number;
declare function clearTimeout(id?: number): void;
declare function clearInterval(id?: number): void;
declare function queueMicrotask(callback: () => void): void;

/** Base64 of a text with one character per byte, and back. */
declare function btoa(text: string): string;
declare function atob(base64: string): string;
declare function structuredClone<T>(value: T): T;

type BufferSource = ArrayBuffer | ArrayBufferView;
type BodyInit = string | URLSearchParams | FormData | BufferSource;
type HeadersInit = Headers | [string, string][] | Record<string, string | string[]>;

interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  redirect?: "follow" | "error" | "manual";
  signal?: AbortSignal | null;
}
interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

/** Makes a call. At most 16 per invocation, 1 MiB per response body; private addresses are denied. */
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

declare class Headers {
  constructor(init?: HeadersInit);
  append(name: string, value: string): void;
  set(name: string, value: string): void;
  get(name: string): string | null;
  has(name: string): boolean;
  delete(name: string): void;
  getSetCookie(): string[];
  forEach(callback: (value: string, name: string, headers: Headers) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
interface Body {
  readonly bodyUsed: boolean;
  text(): Promise<string>;
  json(): Promise<any>;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array>;
  formData(): Promise<FormData>;
}
interface Request extends Body {}
declare class Request {
  constructor(input: string | URL | Request, init?: RequestInit);
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | null;
  readonly redirect: string;
  clone(): Request;
}
interface Response extends Body {}
declare class Response {
  constructor(body?: BodyInit | null, init?: ResponseInit);
  static json(value: unknown, init?: ResponseInit): Response;
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: string;
  clone(): Response;
}
/** Texts only. */
declare class FormData {
  append(name: string, value: string): void;
  set(name: string, value: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string): boolean;
  delete(name: string): void;
  forEach(callback: (value: string, name: string, form: FormData) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static canParse(url: string | URL, base?: string | URL): boolean;
  static parse(url: string | URL, base?: string | URL): URL | null;
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  readonly searchParams: URLSearchParams;
  hash: string;
  toString(): string;
  toJSON(): string;
}
declare class URLSearchParams {
  constructor(init?: string | URLSearchParams | [string, string][] | Record<string, string>);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}

declare class TextEncoder {
  readonly encoding: "utf-8";
  encode(text?: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
/** utf-8, utf-16le and latin1. */
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: BufferSource): string;
}

declare class DOMException extends Error {
  constructor(message?: string, name?: string);
  readonly code: number;
}
declare class Event {
  constructor(type: string);
  readonly type: string;
  target: EventTarget | null;
  defaultPrevented: boolean;
  timeStamp: number;
  preventDefault(): void;
}
type EventListener = ((event: Event) => void) | { handleEvent(event: Event): void };
declare class EventTarget {
  addEventListener(type: string, listener: EventListener | null, options?: { once?: boolean }): void;
  removeEventListener(type: string, listener: EventListener | null): void;
  dispatchEvent(event: Event): boolean;
}
declare class AbortSignal extends EventTarget {
  private constructor();
  static abort(reason?: unknown): AbortSignal;
  /** The run does not wait for it. */
  static timeout(milliseconds: number): AbortSignal;
  static any(signals: Iterable<AbortSignal>): AbortSignal;
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((event: Event) => void) | null;
  throwIfAborted(): void;
}
declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare class CryptoKey {
  private constructor();
  readonly type: "secret" | "private" | "public";
  readonly algorithm: { name: string };
  readonly extractable: boolean;
  readonly usages: string[];
}
type HashName = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512" | { name: string };
type KeyAlgorithm = "Ed25519" | { name: "HMAC" | "RSASSA-PKCS1-v1_5" | "RSA-PSS"; hash: HashName } | { name: "ECDSA"; namedCurve?: string } | { name: "Ed25519" };
type SignAlgorithm = string | { name: string; hash?: HashName; saltLength?: number };
interface SubtleCrypto {
  digest(algorithm: HashName, data: BufferSource): Promise<ArrayBuffer>;
  importKey(format: "jwk", key: object, algorithm: KeyAlgorithm, extractable: boolean, usages: string[]): Promise<CryptoKey>;
  importKey(format: "raw" | "pkcs8" | "spki", key: BufferSource, algorithm: KeyAlgorithm, extractable: boolean, usages: string[]): Promise<CryptoKey>;
  sign(algorithm: SignAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  verify(algorithm: SignAlgorithm, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>;
}
interface Crypto {
  randomUUID(): string;
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  readonly subtle: SubtleCrypto;
}
declare const crypto: Crypto;
