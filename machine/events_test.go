// SPDX-License-Identifier: GPL-2.0-or-later

package machine_test

import (
	"testing"

	"github.com/vmrr/vmrr/machine"
)

func TestEventsEndTheRun(t *testing.T) {
	for _, test := range []struct {
		name     string
		noReboot bool
		events   []machine.Event
		want     machine.Stop
	}{
		{"power-off", false, []machine.Event{{Kind: machine.EventPowerOff}}, ended(machine.EndPowerOff, 0)},
		{"exit", false, []machine.Event{{Kind: machine.EventExit, Code: 33}}, ended(machine.EndExit, 33)},
		{"reset", true, []machine.Event{{Kind: machine.EventReset}}, ended(machine.EndReset, 0)},
		{"the first of two", false, []machine.Event{{Kind: machine.EventExit, Code: 2}, {Kind: machine.EventPowerOff}}, ended(machine.EndExit, 2)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			r.NoReboot = test.noReboot
			timer := r.timer("timer", nil)
			r.cpu.does[5] = func() {
				for _, e := range test.events {
					r.Raise(e)
				}
				timer.Arm(1000) // must not let the CPU run on
			}
			r.run(t, 100, test.want)
			r.at(t, 5, 0)
			if got := r.End(); got != test.want.End {
				t.Errorf("End() = %v, want %v", got, test.want.End)
			}
			r.run(t, 100, test.want)
			r.at(t, 5, 0)
		})
	}
}

// The end is the machine's state at its last instruction, also if that is where
// the run was to stop.
func TestEventAtTarget(t *testing.T) {
	r := newRig(t)
	r.cpu.does[5] = func() { r.Raise(machine.Event{Kind: machine.EventPowerOff}) }
	r.run(t, 5, ended(machine.EndPowerOff, 0))
}

func TestResetGoesOn(t *testing.T) {
	r := newRig(t)
	r.cpu.does[5] = func() { r.Raise(machine.Event{Kind: machine.EventReset}) }
	r.run(t, 10, target, "icount 5: power on, warm true, clock 77")
	r.at(t, 10, 0)
}

// A triple fault happens behind its count: no instruction did it.
func TestTripleFault(t *testing.T) {
	r := newRig(t)
	r.cpu.shutdown = 5
	r.run(t, 5, target)
	r.run(t, 10, target, "icount 5+1: power on, warm true, clock 77")
	r.at(t, 10, 0)

	r = newRig(t)
	r.NoReboot = true
	r.cpu.shutdown = 5
	r.run(t, 10, ended(machine.EndReset, 0))
	r.at(t, 5, 1)
}

func TestInterrupt(t *testing.T) {
	r := newRig(t)
	r.cpu.does[5] = r.Interrupt
	r.run(t, 10, interrupt)
	if at := r.Moment(); at.ICount < 5 || at.ICount > 6 {
		t.Errorf("an interrupt in instruction 5 stopped at %v", at)
	}
	r.run(t, 10, target)

	r.Interrupt()
	r.run(t, 10, target) // arriving comes first
	r.run(t, 12, interrupt)
	r.run(t, 12, target)

	r.Interrupt()
	r.ClearInterrupt()
	r.run(t, 20, target)
}

func TestBreakpoint(t *testing.T) {
	r := newRig(t)
	r.cpu.breaks[5] = true
	r.run(t, 10, breakpoint)
	r.at(t, 5, 0)
	r.run(t, 10, breakpoint)
	r.cpu.SkipBreak()
	r.run(t, 10, target)
}
