// SPDX-License-Identifier: GPL-2.0-or-later

package machine_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/machine"
)

var outside = machine.Stop{Kind: machine.StopOutside}

// listen notes the writes from outside, and stops the machine at those at an address.
func (r *rig) listen(stopAt uint64) {
	r.OnOutside(func(w machine.OutsideWrite) bool {
		r.note("%s, after icount %d, % x at %d over % x", w.By, w.Before, w.Data, w.PA, r.RAM.Host[w.PA:][:len(w.Data)])
		return w.PA == stopAt
	})
}

func TestDebuggersWriteIsOutside(t *testing.T) {
	r := newRig(t)
	r.listen(50)
	for sub, pa := range []uint64{40, 50, 50} {
		r.door.inputs[machine.Moment{ICount: 5, Sub: uint32(sub)}] = machine.MemoryInput(pa, []byte{byte(7 + sub), 9})
	}
	r.run(t, 5, target)
	r.run(t, 10, outside, "icount 5: the debugger, after icount 5, 07 09 at 40 over 00 00",
		"icount 5+1: the debugger, after icount 5, 08 09 at 50 over 00 00")
	r.at(t, 5, 2)
	r.run(t, 10, outside, "icount 5+2: the debugger, after icount 5, 09 09 at 50 over 08 09")
	r.at(t, 5, 3)
	r.run(t, 10, target)

	// One that is made while the machine stands still stops nothing.
	r.story = nil
	if err := r.Inject(machine.MemoryInput(50, []byte{1}), func(machine.Moment, machine.Input) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if want := "[icount 10: the debugger, after icount 10, 01 at 50 over 09]"; fmt.Sprint(r.story) != want {
		t.Errorf("a write by hand told %q, want %q", r.story, want)
	}
	r.at(t, 10, 1)
	r.run(t, 20, target)
}

// A reset's writes are in the canonical state at its count if an instruction caused it,
// else they come after it.
func TestResetIsOutside(t *testing.T) {
	r := newRig(t)
	r.board.loads = true
	r.listen(100)
	r.cpu.does[5] = func() { r.Raise(machine.Event{Kind: machine.EventReset}) }
	r.run(t, 5, outside, "icount 5: power on, warm true, clock 77",
		"icount 5: the reset, after icount 4, 01 at 100 over 00", "icount 5: the reset, after icount 4, 02 at 200 over 00")
	r.at(t, 5, 0)
	r.run(t, 5, target)
	r.door.inputs[machine.Moment{ICount: 7}] = machine.Input{Kind: machine.InputReset}
	r.run(t, 7, target)
	r.run(t, 10, outside, "icount 7+1: power on, warm true, clock 77",
		"icount 7+1: the reset, after icount 7, 01 at 100 over 01", "icount 7+1: the reset, after icount 7, 02 at 200 over 02")
	r.at(t, 7, 1)
	r.run(t, 10, target)
	r.cpu.shutdown = 12
	r.run(t, 20, outside, "icount 12+1: power on, warm true, clock 77",
		"icount 12+1: the reset, after icount 12, 01 at 100 over 01", "icount 12+1: the reset, after icount 12, 02 at 200 over 02")
	r.at(t, 12, 1)

	r.story = nil
	r.OnOutside(nil)
	r.door.inputs[machine.Moment{ICount: 15}] = machine.MemoryInput(100, []byte{1})
	r.run(t, 20, target)
}

// What a Run wanted to stop at that came to an error stops no other one.
func TestFailedResetStopsNothingLater(t *testing.T) {
	r := newRig(t)
	r.board.loads = true
	r.listen(100)
	saved := r.Save()
	r.cpu.does[5] = func() {
		r.Raise(machine.Event{Kind: machine.EventReset})
		r.door.failed = errors.New("the door is stuck")
	}
	if stop, err := r.Run(10); !errors.Is(err, r.door.failed) {
		t.Fatalf("a reset that fails: %+v, error %v; want %v", stop, err, r.door.failed)
	}
	if want := "icount 5: the reset, after icount 4, 01 at 100 over 00"; !slices.Contains(r.story, want) {
		t.Errorf("a reset that fails told %q, want %q among it", r.story, want)
	}
	r.door.failed = nil
	if err := r.Load(saved); err != nil {
		t.Fatal(err)
	}
	r.at(t, 0, 0)
	r.run(t, 3, target)
}

// Who writes without a name is taken for a device. What the board boots is nobody's write.
func TestWriteWithoutANameIsOutside(t *testing.T) {
	r := newRig(t)
	r.board.loads = true
	r.listen(100)
	if err := r.PowerOn(); err != nil {
		t.Fatal(err)
	}
	if want := `["icount 0: power on, warm false, clock 77"]`; fmt.Sprintf("%q", r.story) != want {
		t.Errorf("PowerOn told %q, want %s", r.story, want)
	}
	write := func(b byte) { r.RAM.WriteAt([]byte{b}, 100) }
	timer := r.timer("DMA", func(*icount.Timer) { write(8) })
	r.cpu.does[3] = func() { write(6) }
	r.cpu.does[5] = func() {
		write(7)
		timer.Arm(14) // moves the limit
	}
	r.run(t, 10, outside, "icount 3: a device, after icount 2, 06 at 100 over 01")
	r.at(t, 3, 0)
	r.run(t, 10, outside, "icount 5: a device, after icount 4, 07 at 100 over 06")
	r.at(t, 5, 0)
	r.run(t, 10, outside, "icount 7: DMA at 14 ns", "icount 7: a device, after icount 6, 08 at 100 over 07")
	r.at(t, 7, 0)
	r.run(t, 10, target)
	write(9) // the machine stands still
	r.run(t, 20, target)
}
