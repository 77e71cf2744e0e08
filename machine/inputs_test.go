// SPDX-License-Identifier: GPL-2.0-or-later

package machine_test

import (
	"errors"
	"testing"

	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/machine"
)

func serial(s string) machine.Input {
	return machine.Input{Kind: machine.InputSerial, Data: []byte(s)}
}

// Inputs come in behind the canonical state at their count, in order.
func TestInputsAtOneCount(t *testing.T) {
	r := newRig(t)
	r.door.inputs[machine.Moment{ICount: 5}] = serial("a")
	r.door.inputs[machine.Moment{ICount: 5, Sub: 1}] = serial("b")
	r.run(t, 5, target)
	r.at(t, 5, 0)
	r.run(t, 100, target, `icount 5: serial "a"`, `icount 5+1: serial "b"`)
	r.at(t, 100, 0)
}

func TestInputEndsWait(t *testing.T) {
	r := newRig(t)
	timer := r.timer("timer", nil)
	timer.Arm(1000)
	r.cpu.does[10] = func() { r.cpu.halted = true }
	r.door.waits[machine.Moment{ICount: 10}] = 300
	r.door.inputs[machine.Moment{ICount: 10, Sub: 1}] = serial("x") // wakes the CPU
	r.run(t, 20, target, "icount 10: idle from 20 to 1000", `icount 10+1: serial "x"`)
	if got := r.Clock.Warp(); got != 280 {
		t.Errorf("the clock has warp %d, want 280", got)
	}
	r.run(t, 500, target, "icount 360: timer at 1000 ns")
}

// A wait that ends without time passed is no moment of its own.
func TestWaitOfNoTime(t *testing.T) {
	r := newRig(t)
	r.timer("timer", func(*icount.Timer) { r.cpu.pin = true }).Arm(1000)
	r.cpu.does[10] = func() { r.cpu.halted = true }
	r.door.waits[machine.Moment{ICount: 10}] = 20
	r.run(t, 11, target, "icount 10: idle from 20 to 1000", "icount 10: idle from 20 to 1000", "icount 10+1: timer at 1000 ns")
}

func TestOperatorInputs(t *testing.T) {
	r := newRig(t)
	r.door.inputs[machine.Moment{ICount: 5}] = machine.Input{Kind: machine.InputReset}
	r.door.inputs[machine.Moment{ICount: 7}] = machine.Input{Kind: machine.InputEnd}
	r.run(t, 6, target, "icount 5+1: power on, warm true, clock 77")
	r.run(t, 10, ended(machine.EndOperator, 0))
	r.at(t, 7, 1)
	r.run(t, 10, ended(machine.EndOperator, 0))
}

// Between the delivery of an interrupt and its handler no input comes in, as a
// machine that nobody debugs would not stop there to take it.
func TestNoInputBetweenDeliveryAndHandler(t *testing.T) {
	r := newRig(t)
	r.cpu.does[5] = func() { r.cpu.pin = true }
	r.cpu.handler = true
	r.run(t, 10, breakpoint)
	r.at(t, 5, 1)
	r.door.inputs[machine.Moment{ICount: 5, Sub: 1}] = serial("no")
	r.cpu.breaks[5] = true
	r.run(t, 10, breakpoint)
	r.at(t, 5, 1)
	r.cpu.SkipBreak()
	r.run(t, 10, target)
	delete(r.door.inputs, machine.Moment{ICount: 5, Sub: 1})
	r.cpu.breaks[10] = true
	r.run(t, 20, breakpoint)
	r.at(t, 10, 0) // a breakpoint that nothing was delivered to
}

func TestDoorFails(t *testing.T) {
	r := newRig(t)
	r.door.failed = errors.New("out of paper")
	if stop, err := r.Run(10); !errors.Is(err, r.door.failed) {
		t.Errorf("Run with a broken door = %+v, error %v; want %q", stop, err, r.door.failed)
	}
	if err := r.PowerOn(); !errors.Is(err, r.door.failed) {
		t.Errorf("PowerOn with a broken door: error %v, want %q", err, r.door.failed)
	}
	r = newRig(t)
	r.door.inputs[machine.Moment{}] = machine.Input{Kind: machine.InputNMI}
	if stop, err := r.Run(10); err == nil {
		t.Errorf("Run with an input that the board refuses = %+v, want an error", stop)
	}
}
