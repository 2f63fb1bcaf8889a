// Date as ctx has it: a JavaScript Date that prints and marshals like the
// original platform's Go time, of which it has some methods.
(function () {
	"use strict";

	class ContextDate extends Date {
		#at; #text; #json; #nanos;
		constructor(milliseconds, nanos, text, json) {
			super(milliseconds);
			this.#at = milliseconds;
			this.#nanos = nanos;
			this.#text = text;
			this.#json = json;
		}
		// A date that the script set is no longer the one that came.
		#same() { return this.getTime() === this.#at; }
		toString() { return this.#same() ? this.#text : super.toISOString(); }
		toJSON() { return this.#same() ? this.#json : super.toISOString(); }
		string() { return this.toString(); }
		unix() { return Math.floor(this.getTime() / 1000); }
		unixMilli() { return this.getTime(); }
		unixNano() { return this.getTime() * 1e6 + this.#nanos; }
		isZero() { return this.getTime() === -62135596800000; }
		year() { return this.getUTCFullYear(); }
		month() { return this.getUTCMonth() + 1; }
		day() { return this.getUTCDate(); }
		hour() { return this.getUTCHours(); }
		minute() { return this.getUTCMinutes(); }
		second() { return this.getUTCSeconds(); }
		before(other) { return this.getTime() < other.getTime(); }
		after(other) { return this.getTime() > other.getTime(); }
		equal(other) { return this.getTime() === other.getTime(); }
		[Symbol.toPrimitive](hint) { return hint === "number" ? this.getTime() : this.toString(); }
	}
	Object.defineProperty(ContextDate, "name", { value: "Date" });

	return { make: (milliseconds, nanos, text, json) => new ContextDate(milliseconds, nanos, text, json) };
})
