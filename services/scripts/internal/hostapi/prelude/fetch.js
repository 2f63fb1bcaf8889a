// fetch, Headers, Request, Response and FormData.
(function (host) {
	"use strict";

	const text = (v) => `${v}`;
	const params = () => host.load("url").URLSearchParams;
	const { DOMException } = host.load("abort");

	const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
	const headerName = (v) => {
		const name = text(v);
		if (!token.test(name)) throw new TypeError("Invalid header name: " + name.slice(0, 100));
		return name.toLowerCase();
	};
	const headerValue = (v) => {
		const value = text(v).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
		if (/[\0\r\n]/.test(value)) throw new TypeError("Invalid header value");
		return value;
	};

	class Headers {
		#map = new Map();
		constructor(init) {
			if (init === undefined || init === null) return;
			if (typeof init !== "object") throw new TypeError("Headers takes an object or pairs");
			if (typeof init[Symbol.iterator] === "function") {
				for (const [name, value] of init) this.append(name, value);
			} else {
				for (const name of Object.keys(init)) {
					for (const value of Array.isArray(init[name]) ? init[name] : [init[name]]) this.append(name, value);
				}
			}
		}
		append(name, value) {
			const key = headerName(name);
			const list = this.#map.get(key);
			if (list === undefined) this.#map.set(key, [headerValue(value)]);
			else list.push(headerValue(value));
		}
		set(name, value) { this.#map.set(headerName(name), [headerValue(value)]); }
		delete(name) { this.#map.delete(headerName(name)); }
		has(name) { return this.#map.has(headerName(name)); }
		get(name) {
			const list = this.#map.get(headerName(name));
			return list === undefined ? null : list.join(", ");
		}
		getSetCookie() { return [...(this.#map.get("set-cookie") ?? [])]; }
		forEach(f, self) { for (const [name, value] of this) f.call(self, value, name, this); }
		*entries() {
			for (const name of [...this.#map.keys()].sort()) {
				if (name === "set-cookie") for (const value of this.#map.get(name)) yield [name, value];
				else yield [name, this.#map.get(name).join(", ")];
			}
		}
		*keys() { for (const [name] of this.entries()) yield name; }
		*values() { for (const [, value] of this.entries()) yield value; }
		[Symbol.iterator]() { return this.entries(); }
		get [Symbol.toStringTag]() { return "Headers"; }
	}

	class FormData {
		#list = [];
		append(name, value) { this.#list.push([text(name), text(value)]); }
		delete(name) { this.#list = this.#list.filter((p) => p[0] !== text(name)); }
		get(name) { return this.#list.find((p) => p[0] === text(name))?.[1] ?? null; }
		getAll(name) { return this.#list.filter((p) => p[0] === text(name)).map((p) => p[1]); }
		has(name) { return this.#list.some((p) => p[0] === text(name)); }
		set(name, value) {
			this.delete(name);
			this.append(name, value);
		}
		forEach(f, self) { for (const [name, value] of [...this.#list]) f.call(self, value, name, this); }
		*entries() { for (const [name, value] of this.#list) yield [name, value]; }
		*keys() { for (const [name] of this.#list) yield name; }
		*values() { for (const [, value] of this.#list) yield value; }
		[Symbol.iterator]() { return this.entries(); }
	}

	const multipart = (form) => {
		const boundary = "----" + host.uuid();
		const quote = (s) => s.replace(/\r?\n|\r/g, "%0D%0A").replace(/"/g, "%22");
		let out = "";
		for (const [name, value] of form) {
			out += `--${boundary}\r\nContent-Disposition: form-data; name="${quote(name)}"\r\n\r\n${value}\r\n`;
		}
		return { bytes: host.utf8(out + `--${boundary}--\r\n`), type: "multipart/form-data; boundary=" + boundary };
	};

	// extract returns the bytes of a body and the content type that goes with it.
	const extract = (body) => {
		if (body === undefined || body === null) return { bytes: null, type: null };
		if (body instanceof params()) return { bytes: host.utf8(body.toString()), type: "application/x-www-form-urlencoded;charset=UTF-8" };
		if (body instanceof FormData) return multipart(body);
		if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return { bytes: host.copy(body), type: null };
		return { bytes: host.utf8(text(body)), type: "text/plain;charset=UTF-8" };
	};

	class Body {
		#bytes; #used = false;
		constructor(bytes) { this.#bytes = bytes; }
		get bodyUsed() { return this.#used; }
		#take() {
			if (this.#used) throw new TypeError("Body has already been read");
			this.#used = this.#bytes !== null;
			return this.#bytes ?? new ArrayBuffer(0);
		}
		static bytes(body) {
			if (body.#used) throw new TypeError("Body has already been read");
			return body.#bytes;
		}
		async arrayBuffer() { return this.#take(); }
		async bytes() { return new Uint8Array(this.#take()); }
		async text() { return host.decode("utf-8", this.#take(), false, false); }
		async json() { return JSON.parse(host.decode("utf-8", this.#take(), false, false)); }
		async formData() {
			const form = new FormData();
			for (const [name, value] of new (params())(await this.text())) form.append(name, value);
			return form;
		}
	}
	const bytesOf = Body.bytes;
	delete Body.bytes;

	const methods = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]);

	class Request extends Body {
		#method; #url; #headers; #signal; #redirect;
		constructor(input, init = {}) {
			const from = input instanceof Request ? input : null;
			const method = text(init.method ?? from?.method ?? "GET");
			if (!token.test(method)) throw new TypeError("Invalid method");
			const given = init.body !== undefined && init.body !== null;
			const body = given ? extract(init.body) : { bytes: from === null ? null : bytesOf(from), type: null };
			if (given && /^(get|head)$/i.test(method)) throw new TypeError("Request with GET/HEAD method cannot have a body");
			super(body.bytes);
			this.#method = methods.has(method.toUpperCase()) ? method.toUpperCase() : method;
			const parts = new (host.load("url").URL)(from === null ? text(input) : from.url);
			if (parts.username !== "" || parts.password !== "") throw new TypeError("Request cannot be made from a URL with credentials");
			this.#url = parts.href;
			this.#headers = new Headers(init.headers ?? from?.headers);
			if (body.type !== null && !this.#headers.has("content-type")) this.#headers.set("content-type", body.type);
			this.#signal = init.signal ?? from?.signal ?? null;
			this.#redirect = text(init.redirect ?? from?.redirect ?? "follow");
			if (!["follow", "error", "manual"].includes(this.#redirect)) throw new TypeError("Invalid redirect mode");
		}
		get method() { return this.#method; }
		get url() { return this.#url; }
		get headers() { return this.#headers; }
		get signal() { return this.#signal; }
		get redirect() { return this.#redirect; }
		clone() { return new Request(this); }
	}

	class Response extends Body {
		#status; #statusText; #headers; #url = ""; #redirected = false; #type = "default";
		constructor(body, init = {}) {
			const b = extract(body);
			super(b.bytes);
			this.#status = init.status === undefined ? 200 : Math.trunc(Number(init.status));
			if (!(this.#status >= 200 && this.#status <= 599)) throw new RangeError("The status must be 200 to 599");
			this.#statusText = text(init.statusText ?? "");
			this.#headers = new Headers(init.headers);
			if (b.type !== null && !this.#headers.has("content-type")) this.#headers.set("content-type", b.type);
		}
		static received(a) {
			const r = new Response(a.body);
			r.#status = a.status;
			r.#statusText = a.statusText;
			r.#headers = new Headers(a.headers);
			r.#url = a.url;
			r.#redirected = a.redirected;
			r.#type = "basic";
			return r;
		}
		static json(value, init = {}) {
			const headers = new Headers(init.headers);
			if (!headers.has("content-type")) headers.set("content-type", "application/json");
			return new Response(JSON.stringify(value), { ...init, headers });
		}
		get status() { return this.#status; }
		get statusText() { return this.#statusText; }
		get ok() { return this.#status >= 200 && this.#status <= 299; }
		get headers() { return this.#headers; }
		get url() { return this.#url; }
		get redirected() { return this.#redirected; }
		get type() { return this.#type; }
		clone() {
			const bytes = bytesOf(this);
			const r = new Response(bytes === null ? null : bytes.slice(0));
			r.#status = this.#status;
			r.#statusText = this.#statusText;
			r.#headers = new Headers(this.#headers);
			r.#url = this.#url;
			r.#redirected = this.#redirected;
			r.#type = this.#type;
			return r;
		}
	}
	const received = Response.received;
	delete Response.received;

	const fetch = async function fetch(input, init) {
		const request = new Request(input, init);
		const { signal } = request;
		if (signal?.aborted) throw signal.reason;
		const call = host.send(request.method, request.url, [...request.headers], bytesOf(request), request.redirect);
		const stop = () => call.abort();
		signal?.addEventListener("abort", stop);
		try {
			return received(await call.answer);
		} catch (e) {
			if (signal?.aborted) throw signal.reason;
			throw e;
		} finally {
			signal?.removeEventListener("abort", stop);
		}
	};

	return { fetch, Headers, Request, Response, FormData };
})
