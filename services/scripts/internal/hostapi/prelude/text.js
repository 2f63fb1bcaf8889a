// TextEncoder, TextDecoder and structuredClone.
(function (host) {
	"use strict";

	class TextEncoder {
		get encoding() { return "utf-8"; }
		encode(input = "") { return new Uint8Array(host.utf8(`${input}`)); }
		encodeInto(input, into) {
			const all = new Uint8Array(host.utf8(`${input}`));
			let written = Math.min(all.length, into.length);
			while (written < all.length && written > 0 && (all[written] & 0xc0) === 0x80) written--;
			into.set(all.subarray(0, written));
			return { read: host.decode("utf-8", all.subarray(0, written), false, true).length, written };
		}
	}

	class TextDecoder {
		#encoding; #fatal; #ignoreBOM;
		constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
			const encoding = host.encoding(`${label}`);
			if (encoding === null) throw new RangeError(`The "${label}" encoding is not supported`);
			this.#encoding = encoding;
			this.#fatal = Boolean(fatal);
			this.#ignoreBOM = Boolean(ignoreBOM);
		}
		get encoding() { return this.#encoding; }
		get fatal() { return this.#fatal; }
		get ignoreBOM() { return this.#ignoreBOM; }
		decode(input, options) {
			if (options?.stream) throw new TypeError("decoding of streams is not supported");
			if (input === undefined) return "";
			const text = host.decode(this.#encoding, input, this.#fatal, this.#ignoreBOM);
			if (text === null) throw new TypeError("The encoded data was not valid for encoding " + this.#encoding);
			return text;
		}
	}

	const refuse = (what) => { throw new (host.load("abort").DOMException)(`${what} could not be cloned.`, "DataCloneError"); };

	const clone = (v, seen) => {
		if (typeof v === "function") refuse("A function");
		if (typeof v === "symbol") refuse("A symbol");
		if (typeof v !== "object" || v === null) return v;
		if (seen.has(v)) return seen.get(v);
		const keep = (copy) => (seen.set(v, copy), copy);
		if (Array.isArray(v)) {
			const copy = keep(new Array(v.length));
			for (const k of Object.keys(v)) copy[k] = clone(v[k], seen);
			return copy;
		}
		if (v instanceof Date) return keep(new Date(v.getTime()));
		if (v instanceof RegExp) return keep(new RegExp(v.source, v.flags));
		if (v instanceof ArrayBuffer) return keep(v.slice(0));
		if (ArrayBuffer.isView(v)) {
			const buffer = clone(v.buffer, seen);
			return keep(v instanceof DataView ? new DataView(buffer, v.byteOffset, v.byteLength) : new v.constructor(buffer, v.byteOffset, v.length));
		}
		if (v instanceof Map) {
			const copy = keep(new Map());
			for (const [k, x] of [...v]) copy.set(clone(k, seen), clone(x, seen));
			return copy;
		}
		if (v instanceof Set) {
			const copy = keep(new Set());
			for (const x of [...v]) copy.add(clone(x, seen));
			return copy;
		}
		if (v instanceof Error) {
			const copy = keep(new Error(v.message));
			copy.name = v.name;
			if ("cause" in v) copy.cause = clone(v.cause, seen);
			return copy;
		}
		if (v instanceof Promise || v instanceof WeakMap || v instanceof WeakSet) refuse("The object");
		if (v instanceof Boolean || v instanceof Number || v instanceof String) return keep(Object(v.valueOf()));
		const copy = keep({});
		for (const k of Object.keys(v)) copy[k] = clone(v[k], seen);
		return copy;
	};

	return { TextEncoder, TextDecoder, structuredClone: function structuredClone(value) { return clone(value, new Map()); } };
})
