// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"encoding/binary"
	"slices"
	"strings"
)

// readRegisters answers g: all registers of the client's description in the order of
// their numbers.
func (s *session) readRegisters(string) string {
	var b strings.Builder
	for _, r := range s.view.registers {
		b.WriteString(s.hexViewed(r))
	}
	return b.String()
}

// writeRegisters answers G. Only registers whose value differs are written, and
// one that gdb gives as 'x' is left alone. If one is refused, those before it
// are put back.
func (s *session) writeRegisters(args string) string {
	type change struct {
		r        viewed
		old, new []byte
	}
	var changes []change
	for _, r := range s.view.registers {
		digits := 2 * (r.Bits / 8)
		if len(args) < digits {
			return errInvalid
		}
		text := args[:digits]
		args = args[digits:]
		if strings.Trim(text, "x") == "" {
			continue
		}
		value, ok := decodeHex(text)
		if !ok {
			return errInvalid
		}
		old := s.readViewed(r)
		if string(old) != string(value) {
			changes = append(changes, change{r, old, value})
		}
	}
	if args != "" {
		return errInvalid
	}
	for i, c := range changes {
		err := s.writeViewed(c.r, c.new)
		if err == nil {
			continue
		}
		for _, done := range changes[:i] {
			if done.old != nil {
				s.writeViewed(done.r, done.old)
			}
		}
		return s.failure("writing "+c.r.Name, err)
	}
	return "OK"
}

// readRegister answers p: one register by its number.
func (s *session) readRegister(args string) string {
	r, ok := s.registerNumber(args)
	if !ok {
		return errInvalid
	}
	return s.hexViewed(r)
}

// writeRegister answers P NUMBER=VALUE.
func (s *session) writeRegister(args string) string {
	number, text, found := strings.Cut(args, "=")
	r, known := s.registerNumber(number)
	value, ok := decodeHex(text)
	if !found || !known || !ok || len(value) != r.Bits/8 {
		return errInvalid
	}
	if err := s.writeViewed(r, value); err != nil {
		return s.failure("writing "+r.Name, err)
	}
	return "OK"
}

func (s *session) registerNumber(text string) (r viewed, ok bool) {
	n, ok := parseHex(text)
	i := slices.IndexFunc(s.view.registers, func(r viewed) bool { return uint64(r.number) == n })
	if !ok || i < 0 {
		return r, false
	}
	return s.view.registers[i], true
}

// programCounter returns the PC; ok is false if it cannot be read.
func (s *session) programCounter() (pc uint64, ok bool) {
	if s.pc == nil {
		return 0, false
	}
	value := s.target.ReadRegister(s.pc)
	if len(value) == 0 || len(value) > 8 {
		return 0, false
	}
	var wide [8]byte
	copy(wide[:], value)
	return binary.LittleEndian.Uint64(wide[:]), true
}

// setProgramCounter is for resumes that name an address.
func (s *session) setProgramCounter(pc uint64) string {
	if s.pc == nil {
		return errInvalid
	}
	value := binary.LittleEndian.AppendUint64(nil, pc)
	size := s.pc.Bits / 8
	if size > len(value) || pc>>(uint(size)*8-1)>>1 != 0 {
		return errInvalid
	}
	if err := s.target.WriteRegister(s.pc, value[:size]); err != nil {
		return s.failure("writing "+s.pc.Name, err)
	}
	return ""
}
