// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
)

// call is one command being executed.
type call struct {
	*conn
	ctx   context.Context
	args  map[string]json.RawMessage
	after []func() // what is due once the answer is sent
}

// param is one member of a command's arguments.
type param struct {
	name     string
	kind     kind
	optional bool
}

// kind is a parameter's type, by QEMU's name for it.
type kind string

const (
	kindString  kind = "string"
	kindInteger kind = "integer"
	kindArray   kind = "array"
	kindBoolean kind = "boolean"
)

func (k kind) fits(raw json.RawMessage) bool {
	switch k {
	case kindString:
		return raw[0] == '"'
	case kindInteger:
		_, err := strconv.ParseInt(string(raw), 10, 64)
		_, errUnsigned := strconv.ParseUint(string(raw), 10, 64)
		return err == nil || errUnsigned == nil
	case kindArray:
		return raw[0] == '['
	}
	return string(raw) == "true" || string(raw) == "false"
}

// execute checks a message and runs its command. id is set to the message's, if it
// has one.
func (x *call) execute(r request, id *json.RawMessage) (any, error) {
	if r.err != nil {
		return nil, generic("%v", r.err)
	}
	message := bytes.TrimSpace(r.message)
	if !json.Valid(message) {
		var v any
		return nil, generic("%v", &syntaxError{json.Unmarshal(message, &v).Error()})
	}
	if message[0] != '{' {
		return nil, generic("QMP input must be a JSON object")
	}
	members, err := decode(message)
	if err != nil {
		return nil, generic("%v", err)
	}
	*id = members["id"]
	name, err := x.envelope(members)
	if err != nil {
		return nil, err
	}
	if !x.ready && name != negotiation {
		return nil, notFound("Expecting capabilities negotiation with '%s'", negotiation)
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == name })
	switch {
	case i < 0:
		return nil, notFound("The command %s has not been found", name)
	case x.ready && name == negotiation:
		return nil, notFound("Capabilities negotiation is already complete, command ignored")
	}
	cmd := commands()[i]
	if err := x.check(cmd.params); err != nil {
		return nil, err
	}
	if cmd.anywhere {
		return cmd.run(x)
	}
	var result any
	if gone := x.Do(x.ctx, func() { result, err = cmd.run(x) }); gone != nil {
		return nil, gone
	}
	return result, err
}

// envelope returns the command's name and keeps its arguments.
func (x *call) envelope(members map[string]json.RawMessage) (name string, err error) {
	for _, member := range sorted(members) {
		value := members[member]
		switch member {
		case "execute":
			if !kindString.fits(value) {
				return "", generic("QMP input member 'execute' must be a string")
			}
			json.Unmarshal(value, &name)
		case "arguments":
			if value[0] != '{' {
				return "", generic("QMP input member 'arguments' must be an object")
			}
			if x.args, err = decode(value); err != nil {
				return "", generic("%v", err)
			}
		case "id":
		default:
			return "", generic("QMP input member '%s' is unexpected", member)
		}
	}
	if _, ok := members["execute"]; !ok {
		return "", generic("QMP input lacks member 'execute'")
	}
	return name, nil
}

// check compares the arguments with the parameters.
func (x *call) check(params []param) error {
	for _, p := range params {
		value, ok := x.args[p.name]
		switch {
		case !ok && !p.optional:
			return generic("Parameter '%s' is missing", p.name)
		case ok && !p.kind.fits(value):
			return generic("Invalid parameter type for '%s', expected: %s", p.name, p.kind)
		}
	}
	for _, name := range sorted(x.args) {
		if !slices.ContainsFunc(params, func(p param) bool { return p.name == name }) {
			return generic("Parameter '%s' is unexpected", name)
		}
	}
	return nil
}

func sorted(members map[string]json.RawMessage) []string {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// text returns a string argument, empty if there is none.
func (x *call) text(name string) (s string) {
	if raw, ok := x.args[name]; ok {
		json.Unmarshal(raw, &s)
	}
	return s
}

// icount returns the argument of that name.
func (x *call) icount() (uint64, error) {
	raw := string(x.args["icount"])
	n, err := strconv.ParseUint(raw, 10, 64)
	if err != nil {
		return 0, generic("Parameter 'icount' expects an instruction count, which %s is not", raw)
	}
	return n, nil
}
