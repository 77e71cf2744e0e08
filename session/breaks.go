// SPDX-License-Identifier: GPL-2.0-or-later

package session

import "github.com/vmrr/vmrr/gdbstub"

var _ gdbstub.Conditioner = (*target)(nil)

// breaks are gdb's breakpoints: by linear address and kind the condition, nil if there
// is none. Both kinds are the engine's own.
type breaks map[uint64]map[gdbstub.BreakKind]func() bool

// condition is that of all breakpoints at an address together, nil if there is none.
func (b breaks) condition(addr uint64) func() bool {
	var all []func() bool
	for _, holds := range b[addr] {
		if holds == nil {
			return nil
		}
		all = append(all, holds)
	}
	return func() bool {
		for _, holds := range all {
			if holds() {
				return true
			}
		}
		return false
	}
}

// hit reports whether a breakpoint at the PC, pc, stops the machine.
func (b breaks) hit(pc uint64) bool {
	if len(b[pc]) == 0 {
		return false
	}
	holds := b.condition(pc)
	return holds == nil || holds()
}

// InsertBreak implements gdbstub.Target.
func (t *target) InsertBreak(addr uint64, kind gdbstub.BreakKind) error {
	if t.breaks[addr] == nil {
		t.breaks[addr] = map[gdbstub.BreakKind]func() bool{}
		t.Debuggee.InsertBreak(addr)
	}
	t.SetCondition(addr, kind, nil)
	return nil
}

// RemoveBreak implements gdbstub.Target.
func (t *target) RemoveBreak(addr uint64, kind gdbstub.BreakKind) error {
	delete(t.breaks[addr], kind)
	if len(t.breaks[addr]) == 0 {
		delete(t.breaks, addr)
		t.Debuggee.RemoveBreak(addr)
		return nil
	}
	t.Debuggee.SetCondition(addr, t.breaks.condition(addr))
	return nil
}

// SetCondition implements gdbstub.Conditioner.
func (t *target) SetCondition(addr uint64, kind gdbstub.BreakKind, holds func() bool) {
	t.breaks[addr][kind] = holds
	t.Debuggee.SetCondition(addr, t.breaks.condition(addr))
}
