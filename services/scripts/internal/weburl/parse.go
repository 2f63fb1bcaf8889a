// Package weburl reads URLs as browsers do (the WHATWG's URL Standard), which
// is not how net/url reads them: hosts are normalized, backslashes are slashes,
// dots go away, and next to nothing is an error.
//
// It covers what scripts meet: the special schemes and opaque paths. Left out
// are file URLs with drive letters.
package weburl

import (
	"strconv"
	"strings"
)

// Parts is a URL taken apart, each part as the URL class of browsers shows it.
type Parts struct {
	Protocol           string // with the colon
	Username, Password string
	Hostname           string
	HasHost            bool
	Port               string // empty for the scheme's own
	Pathname           string
	Opaque             bool   // the path is no hierarchy: mailto:x
	Search             string // empty, or with the question mark
	Hash               string // empty, or with the hash sign
}

// defaultPorts has the special schemes.
var defaultPorts = map[string]string{"http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21", "file:": ""}

// Special reports whether the scheme is one that always has a host and a path.
func (p *Parts) Special() bool {
	_, ok := defaultPorts[p.Protocol]
	return ok
}

// Parse reads text, relative to base unless that is nil, and reports whether it
// is a URL.
func Parse(text string, base *Parts) (Parts, bool) {
	text = clean(text)
	protocol, rest, ok := cutScheme(text)
	switch {
	case ok && (base == nil || protocol != base.Protocol || base.Opaque || isSlash(rest, 0) || defaultPorts[protocol] == ""):
		return parseAbsolute(protocol, rest)
	case ok:
		return resolve(rest, *base) // "http:x" is relative to a base of its scheme
	case base == nil || base.Opaque && !strings.HasPrefix(text, "#"):
		return Parts{}, false
	}
	return resolve(text, *base)
}

// clean removes what browsers do not see.
func clean(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	return strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
}

// cutScheme returns the scheme in lower case, with its colon.
func cutScheme(text string) (protocol, rest string, ok bool) {
	at := strings.IndexByte(text, ':')
	if at <= 0 {
		return "", text, false
	}
	for i, c := range []byte(text[:at]) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		other := '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
		if !letter && (i == 0 || !other) {
			return "", text, false
		}
	}
	return strings.ToLower(text[:at]) + ":", text[at+1:], true
}

func isSlash(s string, at int) bool { return at < len(s) && (s[at] == '/' || s[at] == '\\') }

func parseAbsolute(protocol, rest string) (Parts, bool) {
	p := Parts{Protocol: protocol}
	rest = p.takeTail(rest)
	switch {
	case protocol == "file:":
		return p.file(rest)
	case p.Special():
		rest = strings.TrimLeft(rest, `/\`)
	case strings.HasPrefix(rest, "//"):
		rest = rest[2:]
	case strings.HasPrefix(rest, "/"):
		p.Pathname = p.path(rest)
		return p, true
	default:
		p.Opaque, p.Pathname = true, encode(rest, inOpaque)
		return p, true
	}
	return p.withAuthority(rest)
}

func (p Parts) file(rest string) (Parts, bool) {
	rest = strings.ReplaceAll(rest, `\`, "/")
	p.HasHost = true
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host, path := after, ""
		if at := strings.IndexByte(after, '/'); at >= 0 {
			host, path = after[:at], after[at:]
		}
		name, ok := parseHost(host, true)
		if !ok && host != "" {
			return Parts{}, false
		}
		if name == "localhost" {
			name = ""
		}
		p.Hostname, rest = name, path
	}
	p.Pathname = p.path(rest)
	return p, true
}

// withAuthority reads host and path.
func (p Parts) withAuthority(rest string) (Parts, bool) {
	end := strings.IndexByte(rest, '/')
	if p.Special() {
		end = strings.IndexAny(rest, `/\`)
	}
	path := ""
	if end >= 0 {
		rest, path = rest[:end], rest[end:]
	}
	if !p.authority(rest) {
		return Parts{}, false
	}
	p.Pathname = p.path(path)
	return p, true
}

// takeTail cuts fragment and query off.
func (p *Parts) takeTail(rest string) string {
	rest, hash, _ := strings.Cut(rest, "#")
	if hash != "" {
		p.Hash = "#" + encode(hash, inFragment)
	}
	rest, search, _ := strings.Cut(rest, "?")
	if search != "" {
		set := inQuery
		if p.Special() {
			set = inSpecialQuery
		}
		p.Search = "?" + encode(search, set)
	}
	return rest
}

func (p *Parts) authority(text string) bool {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		user, password, _ := strings.Cut(text[:at], ":")
		p.Username, p.Password = encode(user, inUserinfo), encode(password, inUserinfo)
		text = text[at+1:]
	}
	host, port := text, ""
	if at := strings.LastIndexByte(text, ':'); at >= 0 && strings.LastIndexByte(text, ']') < at {
		host, port = text[:at], text[at+1:]
	}
	name, ok := parseHost(host, p.Special())
	if !ok || name == "" && (p.Special() || port != "" || p.Username != "") {
		return false
	}
	p.Hostname, p.HasHost = name, true
	return p.setPort(port)
}

func (p *Parts) setPort(port string) bool {
	if port == "" {
		return true
	}
	for _, c := range []byte(port) {
		if c < '0' || c > '9' {
			return false
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return false
	}
	if port = strconv.FormatUint(n, 10); port != defaultPorts[p.Protocol] {
		p.Port = port
	}
	return true
}

// resolve reads a reference without a scheme.
func resolve(text string, base Parts) (Parts, bool) {
	p := base
	hasQuery := strings.Contains(strings.SplitN(text, "#", 2)[0], "?")
	p.Search, p.Hash = "", ""
	rest := p.takeTail(text)
	if p.Special() {
		rest = strings.ReplaceAll(rest, `\`, "/")
	}
	switch {
	case base.Opaque:
		p.Search = base.Search
	case strings.HasPrefix(rest, "//"):
		bare := Parts{Protocol: p.Protocol, Search: p.Search, Hash: p.Hash}
		if bare.Protocol == "file:" {
			return bare.file(rest)
		}
		return bare.withAuthority(rest[2:])
	case strings.HasPrefix(rest, "/"):
		p.Pathname = p.path(rest)
	case rest == "":
		if !hasQuery {
			p.Search = base.Search
		}
	default:
		directory := base.Pathname[:strings.LastIndexByte(base.Pathname, '/')+1]
		p.Pathname = p.path(directory + rest)
	}
	return p, true
}

// path encodes a path and takes the dots out of it.
func (p *Parts) path(text string) string {
	if p.Special() {
		text = strings.ReplaceAll(text, `\`, "/")
	}
	if text == "" {
		if p.Special() {
			return "/"
		}
		return ""
	}
	segments := strings.Split(strings.TrimPrefix(text, "/"), "/")
	out := segments[:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			out = out[:max(len(out)-1, 0)]
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, encode(segment, inPath))
		}
	}
	return "/" + strings.Join(out, "/")
}
