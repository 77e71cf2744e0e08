// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// What a debugger changes while it records is in the recording, at its moment.
func TestReplayOfChanges(t *testing.T) {
	const pa, at = 0x80000, 700_000_000
	changed := []byte("changed by hand")
	live := testguest.Live()
	r := record(t, plan{live: live, end: machine.EndOperator, run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
		if stop, err := l.StepForward(background, at); stop != timeline.StopArrived || err != nil {
			return stop, err
		}
		if err := l.WritePhysical(pa, changed); err != nil {
			t.Errorf("WritePhysical at %v: %v", vm.Moment(), err)
		}
		if err := l.WriteRegister(l.Description().Lookup("xmm15"), bytes.Repeat([]byte{7}, 16)); err != nil {
			t.Errorf("WriteRegister at %v: %v", vm.Moment(), err)
		}
		if got, want := vm.Moment(), (machine.Moment{ICount: at, Sub: 2}); got != want {
			t.Errorf("two changes at %d lead to %v, want %v", at, got, want)
		}
		if err := l.WriteMemory(0xffff_f000_0000_0000, changed); err == nil {
			t.Error("WriteMemory where nothing is mapped has no error")
		}
		// Behind the delivery of an interrupt nothing can come in.
		timer := vm.Gate(t, localTimer)
		l.InsertBreak(timer)
		if stop, err := l.Continue(background); stop != timeline.StopBreak || err != nil {
			return stop, err
		}
		if err := l.WritePhysical(pa, changed); !errors.Is(err, machine.ErrBetween) {
			t.Errorf("WritePhysical behind a delivery: error %v, want %v", err, machine.ErrBetween)
		}
		l.RemoveBreak(timer)
		return thenPush(live, 100_000_000, machine.InputEnd)(l, vm)
	}})
	vm := r.verify(t)
	got := make([]byte, len(changed))
	if _, err := vm.RAM.ReadAt(got, pa); err != nil || !bytes.Equal(got, changed) {
		t.Errorf("the replay ends with %q at %#x, error %v; want %q", got, pa, err, changed)
	}
}

// A machine whose run has ended cannot be changed: no replay would come there.
func TestNoChangeAfterTheEnd(t *testing.T) {
	live := testguest.Live()
	toEnd := thenPush(live, 30_000_000, machine.InputEnd)
	record(t, plan{live: live, end: machine.EndOperator, run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
		stop, err := toEnd(l, vm)
		if err := l.WritePhysical(0x80000, []byte{1}); !errors.Is(err, machine.ErrEnded) {
			t.Errorf("WritePhysical after %v: error %v, want %v", vm.End(), err, machine.ErrEnded)
		}
		return stop, err
	}}).verify(t)
}

// A replay that has diverged stays where it is: what follows never happened. Its
// past does not change.
func TestDivergedStays(t *testing.T) {
	a := answeredGuest(t)
	tl, vm := a.open(t)
	seek(t, tl, 300_000_000)
	before := vm.Hash()
	vm.RAM.WriteAt([]byte{0xff}, 0x80000) // behind the timeline's back
	var diverged *replay.ErrDiverged
	if _, err := tl.Continue(background); !errors.As(err, &diverged) {
		t.Fatalf("going on after RAM was changed: error %v, want ErrDiverged", err)
	}
	at := vm.Moment()
	if _, err := tl.StepForward(background, 1); !errors.As(err, &diverged) || vm.Moment() != at {
		t.Errorf("stepping on from where it diverged, %v, leads to %v, error %v; want the same place and error", at, vm.Moment(), err)
	}
	seek(t, tl, 300_000_000)
	if got := vm.Hash(); got != before {
		t.Errorf("back at %v: hash %x, want %x", vm.Moment(), got, before)
	}
	if stop, err := tl.StepForward(background, 100_000_000); stop != timeline.StopArrived || err != nil {
		t.Errorf("going on from there: %v, error %v; want to arrive past the next hash records", stop, err)
	}
}
