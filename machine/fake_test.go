// SPDX-License-Identifier: GPL-2.0-or-later

package machine_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/machine"
)

// fakeCPU retires instructions that do nothing, except those that are told to.
type fakeCPU struct {
	cpu.Engine
	n, limit  uint64
	does      map[uint64]func() // by the count that the instruction makes
	breaks    map[uint64]bool   // counts before whose next instruction to stop
	skip      bool
	handler   bool // a breakpoint lies on the interrupt handler
	halted    bool
	pin, off  bool // INTR; interrupts are off
	delivered bool // at this count
	shutdown  uint64
	requested bool
	warp      uint64
}

func (c *fakeCPU) Run(limit uint64) (cpu.StopReason, error) {
	c.limit = limit
	for {
		switch {
		case c.n >= c.limit:
			return cpu.StopLimit, nil
		case c.requested:
			c.requested = false
			return cpu.StopRequest, nil
		case c.shutdown != 0 && c.n == c.shutdown:
			return cpu.StopReset, nil
		case c.pin && !c.off:
			c.pin, c.halted, c.delivered = false, false, true
			if c.handler {
				return cpu.StopBreak, nil
			}
		case c.halted:
			return cpu.StopHalt, nil
		case c.breaks[c.n] && !c.skip:
			return cpu.StopBreak, nil
		}
		c.skip, c.delivered = false, false
		c.n++
		if f := c.does[c.n]; f != nil {
			f()
		}
	}
}

func (c *fakeCPU) SetLimit(limit uint64)            { c.limit = max(limit, c.n) }
func (c *fakeCPU) RequestStop()                     { c.requested = true }
func (c *fakeCPU) ICount() uint64                   { return c.n }
func (c *fakeCPU) SetICount(n uint64)               { c.n = n }
func (c *fakeCPU) SetClock(_ uint, warp uint64)     { c.warp = warp }
func (c *fakeCPU) SetInterrupt(high bool)           { c.pin = high }
func (c *fakeCPU) SkipBreak()                       { c.skip = true }
func (c *fakeCPU) Halted() bool                     { return c.halted }
func (c *fakeCPU) Interruptible() bool              { return c.pin && !c.off }
func (c *fakeCPU) InterruptsEnabled() bool          { return !c.off }
func (c *fakeCPU) Delivered() bool                  { return c.delivered }
func (c *fakeCPU) Reset()                           { c.halted, c.pin, c.off, c.shutdown = false, false, false, 0 }
func (c *fakeCPU) Invalidate(pa, size uint64)       {}
func (c *fakeCPU) DirtyEpoch() uint32               { return 0 }
func (c *fakeCPU) DirtySince(_ uint32, f func(int)) { f(0) }
func (c *fakeCPU) Save() []byte                     { return binary.LittleEndian.AppendUint64(nil, c.n) }
func (c *fakeCPU) Load(b []byte) error              { c.halted = false; return nil }

// fakeBoard notes what happens to it.
type fakeBoard struct {
	cpu.Board
	rig   *rig
	devs  []devices.Device
	loads bool // what it boots into RAM
}

func (b *fakeBoard) PowerOn(warm bool, ask func(machine.Query) (int64, error)) error {
	v, err := ask(machine.QueryWallClock)
	b.rig.note("power on, warm %v, clock %d", warm, v)
	b.rig.cpu.Reset()
	if b.loads {
		b.rig.RAM.WriteAt([]byte{1}, 100)
		b.rig.RAM.WriteAt([]byte{2}, 200)
	}
	return err
}

func (b *fakeBoard) Deliver(in machine.Input) error {
	b.rig.note("%v %q", in.Kind, in.Data)
	if in.Kind == machine.InputNMI {
		return fmt.Errorf("not here")
	}
	b.rig.cpu.pin = true
	return nil
}

func (b *fakeBoard) Console() (bytes, hash uint64) { return 0, 0 }
func (b *fakeBoard) OnConsole(func(uint64, byte))  {}
func (b *fakeBoard) Devices() []devices.Device     { return b.devs }

// fakeDoor has its inputs and waits written down.
type fakeDoor struct {
	rig    *rig
	inputs map[machine.Moment]machine.Input
	waits  map[machine.Moment]uint64 // virtual ns at which a wait ends early
	failed error
}

func (d *fakeDoor) Ask(machine.Moment, machine.Query) (int64, error) { return 77, d.failed }

func (d *fakeDoor) Take(at machine.Moment) (machine.Input, bool, error) {
	in, ok := d.inputs[at]
	delete(d.inputs, at)
	return in, ok, d.failed
}

func (d *fakeDoor) Horizon(at machine.Moment) uint64 {
	next := uint64(machine.NoDeadline)
	for m := range d.inputs {
		if m.ICount > at.ICount {
			next = min(next, m.ICount)
		}
	}
	return next
}

func (d *fakeDoor) Idle(at machine.Moment, now, deadline uint64) (uint64, error) {
	until, ok := d.waits[at]
	if !ok {
		until = deadline
	}
	delete(d.waits, at)
	d.rig.note("idle from %d to %d", now, int64(deadline))
	if deadline == machine.NoDeadline && !ok {
		return now, fmt.Errorf("it would wait for ever")
	}
	return until, d.failed
}

// rig is a machine of fakes and the story of what happened in it.
type rig struct {
	*machine.Machine
	cpu   *fakeCPU
	board *fakeBoard
	door  *fakeDoor
	story []string
}

func (r *rig) note(format string, args ...any) {
	r.story = append(r.story, fmt.Sprintf("%v: ", r.Moment())+fmt.Sprintf(format, args...))
}

// newRig switches a machine of fakes on: an instruction takes 2 ns.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{cpu: &fakeCPU{does: map[uint64]func(){}, breaks: map[uint64]bool{}}}
	r.board = &fakeBoard{rig: r}
	r.door = &fakeDoor{rig: r, inputs: map[machine.Moment]machine.Input{}, waits: map[machine.Moment]uint64{}}
	clock, err := icount.NewClock(1, r.cpu.ICount)
	if err != nil {
		t.Fatal(err)
	}
	ram := &machine.RAM{Memory: cpu.Memory{Host: make([]byte, cpu.PageSize), Regions: []cpu.Region{{Size: cpu.PageSize}}}}
	r.Machine = machine.New(machine.Config{Engine: r.cpu, Board: r.board, Clock: clock, RAM: ram, Inputs: r.door})
	if err := r.PowerOn(); err != nil {
		t.Fatal(err)
	}
	r.story = nil
	return r
}

// timer makes a timer that notes that it fired and then does f.
func (r *rig) timer(name string, f func(t *icount.Timer)) *icount.Timer {
	var timer *icount.Timer
	timer = r.Clock.NewTimer(func() {
		r.note("%s at %d ns", name, r.Clock.Now())
		if f != nil {
			f(timer)
		}
	})
	return timer
}

// run runs to a count and expects the stop and the story.
func (r *rig) run(t *testing.T, until uint64, want machine.Stop, story ...string) {
	t.Helper()
	r.story = nil
	got, err := r.Run(until)
	if err != nil || got != want {
		t.Errorf("Run(%d) = %+v, error %v at %v; want %+v", until, got, err, r.Moment(), want)
	}
	if fmt.Sprintf("%q", r.story) != fmt.Sprintf("%q", story) {
		t.Errorf("Run(%d) told\n%q, want\n%q", until, r.story, story)
	}
}

var (
	target     = machine.Stop{Kind: machine.StopTarget}
	breakpoint = machine.Stop{Kind: machine.StopBreakpoint}
	interrupt  = machine.Stop{Kind: machine.StopInterrupted}
)

func ended(kind machine.EndKind, code int) machine.Stop {
	return machine.Stop{Kind: machine.StopEnd, End: machine.End{Kind: kind, Code: code}}
}

// at expects the machine at a moment.
func (r *rig) at(t *testing.T, n uint64, sub uint32) {
	t.Helper()
	if got, want := r.Moment(), (machine.Moment{ICount: n, Sub: sub}); got != want {
		t.Errorf("the machine is at %v, want %v", got, want)
	}
}
