// crypto: randomUUID, getRandomValues and a part of crypto.subtle.
(function (host) {
	"use strict";

	const { DOMException } = host.load("abort");
	const fail = (name, message) => { throw new DOMException(message, name); };
	const named = (algorithm) => (typeof algorithm === "string" ? { name: algorithm } : { ...algorithm });
	const hashName = (hash) => {
		const name = host.hashName(`${named(hash ?? "").name}`);
		if (name === null) fail("NotSupportedError", "Unrecognized hash");
		return name;
	};
	const known = ["HMAC", "RSASSA-PKCS1-v1_5", "RSA-PSS", "ECDSA", "Ed25519"];
	const normal = (algorithm) => {
		const a = named(algorithm);
		const name = known.find((n) => n.toLowerCase() === `${a.name}`.toLowerCase());
		if (name === undefined) fail("NotSupportedError", `Unrecognized algorithm ${`${a.name}`.slice(0, 50)}`);
		return { ...a, name };
	};
	// run turns the host's complaints into what browsers throw.
	const run = (name, f) => {
		try {
			return f();
		} catch (e) {
			if (e instanceof DOMException) throw e;
			return fail(name, e instanceof Error ? e.message : `${e}`);
		}
	};

	const secret = Symbol("key");
	let idOf;

	class CryptoKey {
		#id; #type; #algorithm; #extractable; #usages;
		constructor(k, id, type, algorithm, extractable, usages) {
			if (k !== secret) throw new TypeError("Illegal constructor");
			this.#id = id;
			this.#type = type;
			this.#algorithm = algorithm;
			this.#extractable = extractable;
			this.#usages = usages;
		}
		static {
			idOf = (key, usage) => {
				if (!key.#usages.includes(usage)) fail("InvalidAccessError", `The key may not ${usage}`);
				return key.#id;
			};
		}
		get type() { return this.#type; }
		get algorithm() { return this.#algorithm; }
		get extractable() { return this.#extractable; }
		get usages() { return this.#usages; }
	}

	class SubtleCrypto {
		constructor(k) { if (k !== secret) throw new TypeError("Illegal constructor"); }
		async digest(algorithm, data) { return run("OperationError", () => host.digest(hashName(algorithm), data)); }
		async importKey(format, keyData, algorithm, extractable, usages) {
			const a = normal(algorithm);
			if (a.name !== "Ed25519" && a.name !== "ECDSA") a.hash = { name: hashName(a.hash) };
			const data = format === "jwk" ? JSON.stringify(keyData) : keyData;
			const key = run("DataError", () => host.importKey(`${format}`, data, a.name));
			return new CryptoKey(secret, key.id, key.type, a, Boolean(extractable), [...usages].map(String));
		}
		async sign(algorithm, key, data) {
			const a = { ...key.algorithm, ...normal(algorithm) };
			return run("OperationError", () => host.sign(idOf(key, "sign"), a.name, a.name === "Ed25519" ? "" : hashName(a.hash), a.saltLength, data));
		}
		async verify(algorithm, key, signature, data) {
			const a = { ...key.algorithm, ...normal(algorithm) };
			return run("OperationError", () => host.verify(idOf(key, "verify"), a.name, a.name === "Ed25519" ? "" : hashName(a.hash), a.saltLength, signature, data));
		}
	}

	class Crypto {
		#subtle = null;
		constructor(k) { if (k !== secret) throw new TypeError("Illegal constructor"); }
		randomUUID() { return host.uuid(); }
		getRandomValues(array) {
			if (!ArrayBuffer.isView(array) || array instanceof DataView || array instanceof Float32Array || array instanceof Float64Array) {
				fail("TypeMismatchError", "getRandomValues takes an array of integers");
			}
			if (array.byteLength > 65536) fail("QuotaExceededError", "getRandomValues gives 65536 bytes at most");
			new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(new Uint8Array(host.random(array.byteLength)));
			return array;
		}
		get subtle() { return (this.#subtle ??= new SubtleCrypto(secret)); }
	}

	return { crypto: new Crypto(secret), CryptoKey };
})
