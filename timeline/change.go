// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"errors"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// WriteMemory changes the guest's memory at a linear address: all of p or, if not
// all of it is mapped to RAM, nothing. A recorder writes the change down.
func (l *Live) WriteMemory(addr uint64, p []byte) error {
	// Where all of it goes is settled first: it may change the page tables.
	var changes []machine.Input
	_, err := l.eachPage(addr, len(p), func(pa uint64, from, to int) error {
		changes = append(changes, machine.MemoryInput(pa, p[from:to]))
		return l.probe(pa, from, to)
	})
	if err != nil {
		return err
	}
	for _, in := range changes {
		if err := l.inject(in); err != nil {
			return err
		}
	}
	return nil
}

// WritePhysical changes the guest's memory at a physical address.
func (l *Live) WritePhysical(pa uint64, p []byte) error {
	for done := 0; done < len(p); {
		n := min(len(p)-done, cpu.PageSize)
		if err := l.probe(pa+uint64(done), done, done+n); err != nil {
			return err
		}
		if err := l.inject(machine.MemoryInput(pa+uint64(done), p[done:done+n])); err != nil {
			return err
		}
		done += n
	}
	return nil
}

// WriteRegister changes a register. A recorder writes the change down.
func (l *Live) WriteRegister(r *cpu.Register, value []byte) error {
	return l.inject(machine.RegisterInput(r, value))
}

// inject makes a change, and has it written down if the machine is recorded.
func (l *Live) inject(in machine.Input) error {
	return l.m.Inject(in, func(at machine.Moment, in machine.Input) error {
		if l.rec == nil {
			return nil
		}
		return l.rec.Inject(at, in)
	})
}

// ErrPast refuses to change the past.
var ErrPast = errors.New("the machine is being replayed: the past cannot be changed; vmrr resume goes on from here, live")

// WriteMemory refuses.
func (t *Timeline) WriteMemory(uint64, []byte) error { return ErrPast }

// WritePhysical refuses.
func (t *Timeline) WritePhysical(uint64, []byte) error { return ErrPast }

// WriteRegister refuses.
func (t *Timeline) WriteRegister(*cpu.Register, []byte) error { return ErrPast }
