// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"slices"
	"strings"

	"github.com/vmrr/vmrr/cpu"
)

// view is how the client sees the registers: by the description that it has read last.
// The number of a register is the same in every description.
type view struct {
	description *cpu.Description
	registers   []viewed
}

// viewed is a register of a view.
type viewed struct {
	*cpu.Register               // as the client sees it
	number        int           // gdb's
	whole         *cpu.Register // the target's
}

// newView returns the view of a description whose registers are parts of the target's.
func newView(d *cpu.Description, target []*cpu.Register) view {
	v := view{description: d}
	for _, r := range d.All() {
		number := slices.IndexFunc(target, func(whole *cpu.Register) bool { return whole.ID == r.ID })
		v.registers = append(v.registers, viewed{r, number, target[number]})
	}
	return v
}

// lookAnew chooses the description for a client that reads it. To one that does not
// read it again when the CPU's mode changes it is that of the target's registers, which
// serves in all modes.
func (s *session) lookAnew() {
	d := s.description
	if s.narrower != nil && s.refreshes {
		if narrow := s.narrower.NarrowDescription(s.narrower.CodeBits()); narrow != nil {
			d = narrow
		}
	}
	s.view = newView(d, s.registers)
}

// readViewed returns a register's value as the client sees it; nil if it has none at present.
func (s *session) readViewed(r viewed) []byte {
	value := s.target.ReadRegister(r.whole)
	if value == nil {
		return nil
	}
	if len(value) != r.whole.Bits/8 {
		s.log.Error("register has the wrong size", "register", r.whole.Name, "bytes", len(value), "want", r.whole.Bits/8)
		return nil
	}
	return value[:r.Bits/8]
}

// writeViewed sets it. What the client does not see of it becomes 0, as when 32-bit
// code writes it.
func (s *session) writeViewed(r viewed, value []byte) error {
	return s.target.WriteRegister(r.whole, append(slices.Clone(value), make([]byte, r.whole.Bits/8-r.Bits/8)...))
}

// hexViewed returns it as gdb wants it; one that has none at present is all 'x'.
func (s *session) hexViewed(r viewed) string {
	value := s.readViewed(r)
	if value == nil {
		return strings.Repeat("xx", r.Bits/8)
	}
	return encodeHex(value)
}
