// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bytes"
	"encoding/json"
)

// encode writes a message as QEMU does: in one line, with a space behind each comma
// and colon, so that a script may grep for "running": true.
func encode(v any) []byte {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("qmp: a message that is no JSON: " + err.Error())
	}
	out := make([]byte, 0, plain.Len()+plain.Len()/8)
	quoted, escaped := false, false
	for _, b := range bytes.TrimSuffix(plain.Bytes(), []byte("\n")) {
		out = append(out, b)
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case !quoted && (b == ',' || b == ':'):
			out = append(out, ' ')
		}
	}
	return append(out, '\r', '\n')
}

// decode returns an object's members.
func decode(object []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, &syntaxError{err.Error()}
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, &syntaxError{err.Error()}
		}
		name, ok := key.(string)
		if !ok {
			return nil, &syntaxError{"key is not a string in object"}
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, &syntaxError{err.Error()}
		}
		if _, twice := members[name]; twice {
			return nil, &syntaxError{"duplicate key"}
		}
		members[name] = value
	}
	return members, nil
}
