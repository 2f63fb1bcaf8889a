// URL and URLSearchParams. Parsing is the host's.
(function (host) {
	"use strict";

	const text = (v) => `${v}`;

	class URLSearchParams {
		#list = [];
		#changed = null;
		constructor(init = "") {
			if (init === null || (typeof init !== "object" && typeof init !== "function")) {
				this.#list = host.parseForm(text(init));
			} else if (typeof init[Symbol.iterator] === "function") {
				for (const pair of init) {
					const [name, value, ...more] = pair;
					if (value === undefined || more.length > 0) throw new TypeError("Each pair must have a name and a value");
					this.#list.push([text(name), text(value)]);
				}
			} else {
				for (const name of Object.keys(init)) this.#list.push([name, text(init[name])]);
			}
		}
		static follow(params, query, changed) {
			params.#list = host.parseForm(query);
			params.#changed = changed;
		}
		#update() { if (this.#changed !== null) this.#changed(this.toString()); }
		get size() { return this.#list.length; }
		append(name, value) {
			this.#list.push([text(name), text(value)]);
			this.#update();
		}
		delete(name, value) {
			name = text(name);
			this.#list = this.#list.filter((p) => p[0] !== name || (value !== undefined && p[1] !== text(value)));
			this.#update();
		}
		get(name) {
			const found = this.#list.find((p) => p[0] === text(name));
			return found === undefined ? null : found[1];
		}
		getAll(name) { return this.#list.filter((p) => p[0] === text(name)).map((p) => p[1]); }
		has(name, value) { return this.#list.some((p) => p[0] === text(name) && (value === undefined || p[1] === text(value))); }
		set(name, value) {
			name = text(name);
			const at = this.#list.findIndex((p) => p[0] === name);
			if (at < 0) this.#list.push([name, text(value)]);
			else {
				this.#list[at] = [name, text(value)];
				this.#list = this.#list.filter((p, i) => i <= at || p[0] !== name);
			}
			this.#update();
		}
		sort() {
			this.#list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
			this.#update();
		}
		forEach(f, self) { for (const [name, value] of [...this.#list]) f.call(self, value, name, this); }
		*entries() { for (const [name, value] of this.#list) yield [name, value]; }
		*keys() { for (const [name] of this.#list) yield name; }
		*values() { for (const [, value] of this.#list) yield value; }
		[Symbol.iterator]() { return this.entries(); }
		get [Symbol.toStringTag]() { return "URLSearchParams"; }
		toString() { return host.formText(this.#list); }
	}
	const follow = URLSearchParams.follow;
	delete URLSearchParams.follow;

	// parts: protocol, username, password, hostname (null for none), port, pathname, search, hash, opaque.
	const print = (u) => {
		let out = u.protocol;
		if (u.hostname !== null) {
			out += "//";
			if (u.username !== "" || u.password !== "") out += u.username + (u.password === "" ? "" : ":" + u.password) + "@";
			out += u.hostname + (u.port === "" ? "" : ":" + u.port);
		} else if (!u.opaque && u.pathname.startsWith("//")) out += "/.";
		return out + u.pathname + u.search + u.hash;
	};

	class URL {
		#parts;
		#params = null;
		constructor(url, base) {
			const parts = host.parseURL(text(url), base === undefined ? undefined : text(base));
			if (parts === null) throw new TypeError("Invalid URL: " + text(url).slice(0, 200));
			this.#parts = parts;
		}
		static canParse(url, base) { return host.parseURL(text(url), base === undefined ? undefined : text(base)) !== null; }
		static parse(url, base) { return URL.canParse(url, base) ? new URL(url, base) : null; }
		// #with replaces a part, unless that makes it no URL.
		#with(part, value) {
			const parts = host.parseURL(print({ ...this.#parts, [part]: value }));
			if (parts !== null) this.#parts = parts;
			return parts !== null;
		}
		#follow() { if (this.#params !== null) follow(this.#params, this.#parts.search.slice(1), (q) => this.#query(q)); }
		#query(q) { this.#with("search", q === "" ? "" : "?" + q); }
		get href() { return print(this.#parts); }
		set href(v) {
			const parts = host.parseURL(text(v));
			if (parts === null) throw new TypeError("Invalid URL: " + text(v).slice(0, 200));
			this.#parts = parts;
			this.#follow();
		}
		get origin() { return this.#parts.hostname === null || this.#parts.origin === false ? "null" : this.protocol + "//" + this.host; }
		get protocol() { return this.#parts.protocol; }
		set protocol(v) { this.#with("protocol", text(v).replace(/:.*$/s, "") + ":"); }
		get username() { return this.#parts.username; }
		set username(v) { if (this.#parts.hostname) this.#with("username", encodeURIComponent(text(v))); }
		get password() { return this.#parts.password; }
		set password(v) { if (this.#parts.hostname) this.#with("password", encodeURIComponent(text(v))); }
		get host() { return this.hostname + (this.#parts.port === "" ? "" : ":" + this.#parts.port); }
		set host(v) {
			const found = /^(\[[^\]]*\]|[^:/?#\\]*)(?::(\d*))?/.exec(text(v));
			if (found === null || found[1] === "" || this.#parts.opaque) return;
			if (this.#with("hostname", found[1]) && found[2] !== undefined) this.#with("port", found[2]);
		}
		get hostname() { return this.#parts.hostname ?? ""; }
		set hostname(v) { if (!this.#parts.opaque && !/[:/?#\\@]/.test(text(v).replace(/^\[[^\]]*\]$/, ""))) this.#with("hostname", text(v)); }
		get port() { return this.#parts.port; }
		set port(v) {
			const digits = /^\d*/.exec(text(v))[0];
			if (this.#parts.hostname && (digits !== "" || text(v) === "")) this.#with("port", digits);
		}
		get pathname() { return this.#parts.pathname; }
		set pathname(v) {
			if (this.#parts.opaque) return;
			const path = text(v).replace(/\?/g, "%3F").replace(/#/g, "%23");
			this.#with("pathname", /^[/\\]/.test(path) ? path : "/" + path);
		}
		get search() { return this.#parts.search; }
		set search(v) {
			const query = text(v).replace(/^\?/, "").replace(/#/g, "%23");
			this.#query(query);
			this.#follow();
		}
		get hash() { return this.#parts.hash; }
		set hash(v) {
			const fragment = text(v).replace(/^#/, "");
			this.#with("hash", fragment === "" ? "" : "#" + fragment);
		}
		get searchParams() {
			if (this.#params === null) {
				this.#params = new URLSearchParams();
				this.#follow();
			}
			return this.#params;
		}
		get [Symbol.toStringTag]() { return "URL"; }
		toString() { return this.href; }
		toJSON() { return this.href; }
	}

	return { URL, URLSearchParams };
})
