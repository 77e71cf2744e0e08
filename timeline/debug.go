// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// debug is what a debugger needs of any machine, live or replayed: registers,
// memory, breakpoints, watchpoints and a way forward. Break- and watchpoints belong to
// the session and not to the machine's state: they survive every jump in time.
type debug struct {
	m      *machine.Machine
	breaks []uint64 // linear addresses, ascending, each once
	// conditions are those of breakpoints that have one, by linear address.
	conditions map[uint64]func() bool
	deciding   bool // each breakpoint stops, whether its condition holds or not
	watches    []cpu.Watch
	hit        cpu.Hit // of the watchpoint at which the machine stopped last
	quiet      bool    // they stop nothing
	mode       cpu.HitMode
	outside    outside
	noted      noted
	pace       pacer
}

// Machine returns the machine.
func (d *debug) Machine() *machine.Machine { return d.m }

// Description lists the registers.
func (d *debug) Description() *cpu.Description { return d.m.Engine.Description() }

// ReadRegister returns a register's value, little-endian.
func (d *debug) ReadRegister(r *cpu.Register) []byte { return d.m.Engine.ReadRegister(r) }

// PC returns the linear address of the next instruction.
func (d *debug) PC() uint64 { return d.m.Engine.PC() }

// CodeBits returns the width of the code that runs: 16, 32 or 64.
func (d *debug) CodeBits() int { return d.m.Engine.CodeBits() }

// MemoryError is an access to a linear address that is not mapped to RAM.
type MemoryError struct {
	Addr uint64
	At   machine.Moment
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("no RAM is mapped at linear address %#x at %v", e.Addr, e.At)
}

// ReadMemory reads from the linear address space that is current. n < len(p) goes
// with a *MemoryError for the first byte that could not be read.
func (d *debug) ReadMemory(addr uint64, p []byte) (n int, err error) {
	return d.eachPage(addr, len(p), func(pa uint64, from, to int) error {
		_, err := d.m.RAM.ReadAt(p[from:to], int64(pa))
		return err
	})
}

// probe fails unless there is RAM for a part of an access.
func (d *debug) probe(pa uint64, from, to int) error {
	if _, n := d.m.RAM.Offset(pa); n < uint64(to-from) {
		return &machine.RAMError{PA: pa, Size: to - from}
	}
	return nil
}

// ReadPhysical reads physical memory.
func (d *debug) ReadPhysical(pa uint64, p []byte) (n int, err error) {
	return d.m.RAM.ReadAt(p, int64(pa))
}

// eachPage calls f for the parts of [addr, addr+n) that lie in one page each.
func (d *debug) eachPage(addr uint64, n int, f func(pa uint64, from, to int) error) (int, error) {
	for done := 0; done < n; {
		at := addr + uint64(done)
		k := min(n-done, cpu.PageSize-int(at%cpu.PageSize))
		pa, ok := d.m.Engine.Translate(at)
		if !ok || f(pa, done, done+k) != nil {
			return done, &MemoryError{at, d.m.Moment()}
		}
		done += k
	}
	return n, nil
}

// InsertBreak sets an execution breakpoint at a linear address.
func (d *debug) InsertBreak(linear uint64) {
	if i, found := slices.BinarySearch(d.breaks, linear); !found {
		d.breaks = slices.Insert(d.breaks, i, linear)
		d.m.Engine.InsertBreak(linear)
	}
}

// RemoveBreak removes it, and its condition.
func (d *debug) RemoveBreak(linear uint64) {
	if i, found := slices.BinarySearch(d.breaks, linear); found {
		d.breaks = slices.Delete(d.breaks, i, i+1)
		delete(d.conditions, linear)
		d.m.Engine.RemoveBreak(linear)
	}
}

// InsertWatch sets a watchpoint.
func (d *debug) InsertWatch(w cpu.Watch) error {
	if slices.Contains(d.watches, w) {
		return nil
	}
	if err := d.m.Engine.InsertWatch(w); err != nil {
		return err
	}
	d.watches = append(d.watches, w)
	return nil
}

// RemoveWatch removes it.
func (d *debug) RemoveWatch(w cpu.Watch) {
	if i := slices.Index(d.watches, w); i >= 0 {
		d.watches = slices.Delete(d.watches, i, i+1)
		d.m.Engine.RemoveWatch(w)
	}
}

// quietly runs f while breakpoints and watchpoints stop nothing.
func (d *debug) quietly(f func() error) error {
	if d.quiet { // by a caller, who makes an end of it
		return f()
	}
	d.quiet = true
	d.setHitMode(cpu.HitIgnored, 0)
	defer func() {
		d.quiet = false
		d.setHitMode(cpu.HitStops, 0)
	}()
	return f()
}

// counting runs f while hits are counted and stop nothing, unless there are enough
// of them, and returns how many there were and the last one.
func (d *debug) counting(enough uint64, f func() error) (uint64, cpu.Hit, error) {
	d.setHitMode(cpu.HitCounted, enough)
	defer d.setHitMode(cpu.HitStops, 0)
	err := f()
	n, last := d.counted()
	return n, last, err
}

// interruptible runs f so that cancelling ctx interrupts the machine.
func (d *debug) interruptible(ctx context.Context, f func() error) error {
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		d.m.Interrupt()
		close(fired)
	})
	err := f()
	if !stop() {
		// It came, perhaps too late to be seen: the next run must not see it.
		<-fired
		d.m.ClearInterrupt()
	}
	return err
}
