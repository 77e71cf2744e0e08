// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// MaxWritten bounds the memory that WhoWrote looks at, in bytes.
const MaxWritten = 64

// Write is what changed memory: an instruction, or something else.
type Write struct {
	By       string         // who, as "the debugger"; empty: the instruction
	At       machine.Moment // before it
	PC       uint64         // its linear address; where an interrupt is delivered first, that of the instruction interrupted
	Old, New []byte         // what the memory held before and after; nil if it was not mapped
}

// WhoWrote goes back to before the last instruction, or the last write from outside, that
// changed some memory, at a linear address or, if physical, a physical one. The session's
// own break- and watchpoints stop nothing, and stay. If ctx is cancelled, or there is no
// such write, it returns to where it began.
func (t *Timeline) WhoWrote(ctx context.Context, addr uint64, size int, physical bool) (w Write, err error) {
	if size < 1 || size > MaxWritten || uint64(size-1) > ^addr {
		return w, fmt.Errorf("who wrote %d bytes at %#x cannot be told: want 1 to %d, which end at 2^64", size, addr, MaxWritten)
	}
	read := t.ReadMemory
	if physical {
		read = t.ReadPhysical
	}
	value := func() []byte {
		p := make([]byte, size)
		if n, _ := read(addr, p); n < size {
			return nil
		}
		return p
	}
	now, last := t.m.Moment(), value()
	watch := cpu.Watch{Addr: addr, Size: uint64(size), Kind: cpu.WatchChange, Physical: physical}
	stop, err := t.jump(func() (Stop, error) {
		hit, stop, err := t.lastWrite(ctx, watch, now)
		switch {
		case err != nil || stop == StopInterrupted:
			return stop, err
		case hit == nil:
			return 0, &NotFoundError{fmt.Sprintf("instruction that changes the %d bytes at %#x", size, addr), now, true}
		}
		if w.By, w.New = hit.By, last; hit.ICount <= now.ICount {
			if stop, err := t.seek(ctx, hit.ICount); err != nil || stop != StopArrived {
				return stop, err
			}
			w.New = value()
		} // else it was made at the present count
		if stop, err := t.seek(ctx, hit.Place()); err != nil || stop != StopArrived {
			return stop, err
		}
		w.At, w.PC, w.Old = t.m.Moment(), t.PC(), value()
		return StopArrived, nil
	})
	return w, arrived(stop, err, "looking for who wrote to %#x", addr)
}

// lastWrite returns the last hit of a watchpoint, and of nothing else, before a moment.
func (t *Timeline) lastWrite(ctx context.Context, w cpu.Watch, now machine.Moment) (hit *cpu.Hit, stop Stop, err error) {
	err = t.withPoints(nil, []cpu.Watch{w}, func() error {
		hit, stop, err = t.lastBefore(ctx, t.points(), t.Begin(), now)
		return err
	})
	return hit, stop, err
}

// withPoints runs f with other break- and watchpoints than the session's, none of them with a
// condition.
func (t *Timeline) withPoints(breaks []uint64, watches []cpu.Watch, f func() error) error {
	oldBreaks, oldWatches, conditions := slices.Clone(t.breaks), slices.Clone(t.watches), t.conditions
	defer func() {
		t.setPoints(oldBreaks, oldWatches)
		t.conditions = conditions
	}()
	t.conditions = nil // a breakpoint that goes takes its own with it
	t.setPoints(breaks, watches)
	return f()
}
