// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/vmrr/vmrr/gdbstub/agent"
)

// conditions are those of a breakpoint, of which one has to hold; none: it always
// counts. gdb sends one for each of the user's breakpoints at the address.
type conditions []*agent.Expr

var errOptions = errors.New("want X, a length, a comma and as many bytes in hex")

// parseConditions reads what follows the kind of a breakpoint: XLENGTH,CODE for each
// condition. gdb writes them one after another; the manual has a semicolon before each.
// Commands, which may follow, are not announced and thus refused.
func parseConditions(options string) (conditions, error) {
	var all conditions
	for options != "" {
		length, rest, found := strings.Cut(strings.TrimPrefix(options, ";"), ",")
		length, isX := strings.CutPrefix(length, "X")
		n, ok := parseHex(length)
		if !found || !isX || !ok || n > uint64(len(rest)/2) {
			return nil, errOptions
		}
		code, ok := decodeHex(rest[:2*n])
		if !ok {
			return nil, errOptions
		}
		e, err := agent.Parse(code)
		if err != nil {
			return nil, err
		}
		all, options = append(all, e), rest[2*n:]
	}
	return all, nil
}

// hold reports whether a breakpoint with these conditions counts in the present state.
// A condition that has no value, as for memory that is not there, counts as true, as in
// gdbserver: gdb evaluates it again and tells the user what is wrong with it.
func (s *session) hold(all conditions) bool {
	for _, e := range all {
		if v, err := e.Eval(state{s}); err != nil || v != 0 {
			return true
		}
	}
	return len(all) == 0
}

// condition returns what the target is to ask; nil if there is nothing to ask.
func (s *session) condition(all conditions) func() bool {
	if len(all) == 0 {
		return nil
	}
	return func() bool { return s.hold(all) }
}

// state is the present state as expressions see it. Memory is always virtual.
type state struct{ s *session }

var _ agent.Machine = state{}

// ReadMemory implements agent.Machine.
func (m state) ReadMemory(addr uint64, p []byte) (int, error) { return m.s.target.ReadMemory(addr, p) }

// Register implements agent.Machine.
func (m state) Register(number int) (uint64, error) {
	if number >= len(m.s.registers) {
		return 0, fmt.Errorf("there is no register %d", number)
	}
	r := m.s.registers[number]
	value := m.s.target.ReadRegister(r)
	if len(value) == 0 || len(value) > 8 {
		return 0, fmt.Errorf("register %s has %d bytes, want 1 to 8", r.Name, len(value))
	}
	var wide [8]byte
	copy(wide[:], value)
	return binary.LittleEndian.Uint64(wide[:]), nil
}
