// SPDX-License-Identifier: GPL-2.0-or-later

package machine_test

import (
	"testing"

	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/machine"
)

func TestTimersFireAtTheirCount(t *testing.T) {
	r := newRig(t)
	first, second := r.timer("first", nil), r.timer("second", nil)
	second.Arm(10)
	first.Arm(10) // armed later, made earlier
	r.run(t, 4, target)
	r.run(t, 100, target, "icount 5: first at 10 ns", "icount 5: second at 10 ns")
	first.Arm(201) // between two instructions: the one behind
	r.run(t, 101, target, "icount 101: first at 202 ns")
	first.Arm(3) // past
	r.run(t, 101, target, "icount 101: first at 202 ns")
}

func TestTimerArmsItselfAgain(t *testing.T) {
	r := newRig(t)
	n := 0
	timer := r.timer("tick", func(timer *icount.Timer) {
		if n++; n < 4 {
			timer.Arm(r.Clock.Now() + 6*uint64(n-1)) // the first at once
		}
	})
	timer.Arm(10)
	r.run(t, 100, target, "icount 5: tick at 10 ns", "icount 5: tick at 10 ns", "icount 8: tick at 16 ns", "icount 14: tick at 28 ns")
}

// What an instruction arms counts from that instruction on, however far the CPU
// was allowed to run.
func TestInstructionArmsTimer(t *testing.T) {
	r := newRig(t)
	timer := r.timer("timer", nil)
	r.cpu.does[20] = func() { timer.Arm(44) }
	r.cpu.does[30] = func() { timer.Arm(1) } // at once
	r.cpu.does[40] = func() { timer.Arm(1000) }
	r.cpu.does[41] = func() { timer.Disarm() }
	r.run(t, 1000, target, "icount 22: timer at 44 ns", "icount 30: timer at 60 ns")
}

func TestWarp(t *testing.T) {
	r := newRig(t)
	timer := r.timer("timer", func(*icount.Timer) { r.cpu.pin = true })
	r.cpu.does[10] = func() { r.cpu.halted = true; timer.Arm(1001) }
	r.run(t, 10, target)
	r.at(t, 10, 0)
	r.run(t, 11, target, "icount 10: idle from 20 to 1001", "icount 10+1: timer at 1001 ns")
	r.at(t, 11, 0)
	if got := r.cpu.warp; got != 981 {
		t.Errorf("the CPU's clock has warp %d, want 981", got)
	}
}

// A timer that does not wake the CPU leads to the next wait.
func TestWarpOverSeveralTimers(t *testing.T) {
	r := newRig(t)
	n := 0
	timer := r.timer("timer", func(timer *icount.Timer) {
		if n++; n == 3 {
			r.cpu.pin = true
		}
		timer.Arm(r.Clock.Now() + 100)
	})
	timer.Arm(100)
	r.cpu.does[10] = func() { r.cpu.halted = true }
	r.run(t, 11, target, "icount 10: idle from 20 to 100", "icount 10+1: timer at 100 ns",
		"icount 10+1: idle from 100 to 200", "icount 10+2: timer at 200 ns",
		"icount 10+2: idle from 200 to 300", "icount 10+3: timer at 300 ns")
}

// With interrupts off, no timer ends the wait.
func TestHaltWithInterruptsOff(t *testing.T) {
	r := newRig(t)
	timer := r.timer("timer", nil)
	timer.Arm(1000)
	r.cpu.does[10] = func() { r.cpu.halted, r.cpu.off = true, true }
	r.door.waits[machine.Moment{ICount: 10}] = 20
	if stop, err := r.Run(11); err == nil {
		t.Errorf("Run(11) in a CPU halted for good = %+v, want an error", stop)
	}
	if want := "icount 10: idle from 20 to -1"; len(r.story) != 2 || r.story[0] != want || r.story[1] != want {
		t.Errorf("waiting told %q, want %q twice", r.story, want)
	}
	r.at(t, 10, 0)
}
