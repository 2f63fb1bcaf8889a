package payload

// Keys returns the member names of the object that path leads to in raw, a
// JSON object; none where there is no such object.
func Keys(raw []byte, path ...string) []string {
	var keys []string
	next := raw
	for _, step := range path {
		next = lookup(next, step)
	}
	members(next, func(key string, _ []byte) { keys = append(keys, key) })
	return keys
}

// lookup returns the value of a member, the last one where it is repeated.
func lookup(raw []byte, name string) []byte {
	var found []byte
	members(raw, func(key string, value []byte) {
		if key == name {
			found = value
		}
	})
	return found
}

// members calls found for each member of raw, if that is a JSON object.
func members(raw []byte, found func(key string, value []byte)) {
	at := skipSpace(raw, 0)
	if at >= len(raw) || raw[at] != '{' {
		return
	}
	// What is no JSON behind the members found so far stays unseen.
	_, _ = scanMembers(raw, at, 0, func(key, value []byte) { found(unquote(key), value) })
}
