// DOMException, Event, EventTarget, AbortController and AbortSignal.
(function (host) {
	"use strict";

	const codes = { AbortError: 20, TimeoutError: 23, DataCloneError: 25, InvalidCharacterError: 5, NotSupportedError: 9, DataError: 0, OperationError: 0 };

	class DOMException extends Error {
		#name;
		constructor(message = "", name = "Error") {
			super(String(message));
			this.#name = String(name);
		}
		get name() { return this.#name; }
		get code() { return codes[this.#name] ?? 0; }
	}

	class Event {
		#type;
		constructor(type) {
			this.#type = String(type);
			this.target = null;
			this.defaultPrevented = false;
			this.timeStamp = Date.now();
		}
		get type() { return this.#type; }
		preventDefault() { this.defaultPrevented = true; }
	}

	class EventTarget {
		#listeners = new Map();
		addEventListener(type, listener, options) {
			if (listener === null || listener === undefined) return;
			const list = this.#listeners.get(String(type)) ?? [];
			if (list.some((l) => l.listener === listener)) return;
			list.push({ listener, once: typeof options === "object" && options !== null && Boolean(options.once) });
			this.#listeners.set(String(type), list);
		}
		removeEventListener(type, listener) {
			const list = this.#listeners.get(String(type)) ?? [];
			this.#listeners.set(String(type), list.filter((l) => l.listener !== listener));
		}
		dispatchEvent(event) {
			event.target = this;
			for (const l of [...(this.#listeners.get(event.type) ?? [])]) {
				if (l.once) this.removeEventListener(event.type, l.listener);
				if (typeof l.listener === "function") l.listener.call(this, event);
				else l.listener.handleEvent(event);
			}
			return !event.defaultPrevented;
		}
	}

	const key = Symbol("signal");
	let abort;

	class AbortSignal extends EventTarget {
		#aborted = false;
		#reason;
		constructor(k) {
			if (k !== key) throw new TypeError("Illegal constructor");
			super();
			this.onabort = null;
		}
		static {
			abort = (signal, reason) => {
				if (signal.#aborted) return;
				signal.#aborted = true;
				signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
				const event = new Event("abort");
				if (typeof signal.onabort === "function") signal.onabort(event);
				signal.dispatchEvent(event);
			};
		}
		get aborted() { return this.#aborted; }
		get reason() { return this.#reason; }
		throwIfAborted() { if (this.#aborted) throw this.#reason; }
		static abort(reason) {
			const signal = new AbortSignal(key);
			abort(signal, reason);
			return signal;
		}
		static timeout(milliseconds) {
			const signal = new AbortSignal(key);
			host.looseTimer(() => abort(signal, new DOMException("The operation timed out", "TimeoutError")), milliseconds);
			return signal;
		}
		static any(signals) {
			const all = [...signals];
			const signal = new AbortSignal(key);
			for (const s of all) {
				if (s.aborted) {
					abort(signal, s.reason);
					return signal;
				}
			}
			for (const s of all) s.addEventListener("abort", () => abort(signal, s.reason), { once: true });
			return signal;
		}
	}

	class AbortController {
		#signal = new AbortSignal(key);
		get signal() { return this.#signal; }
		abort(reason) { abort(this.#signal, reason); }
	}

	return { DOMException, Event, EventTarget, AbortSignal, AbortController };
})
