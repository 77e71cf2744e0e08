// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"errors"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// A replay may begin at any snapshot that was saved while recording: between two
// instructions, behind the delivery of an interrupt, behind inputs.
func TestReplayFromLiveSnapshots(t *testing.T) {
	live := testguest.Live()
	var kept []*snapshots.Snapshot
	hashes := map[string]machine.Hash{}
	r := record(t, plan{live: live, end: machine.EndOperator,
		persist: func(s *snapshots.Snapshot) error { kept = append(kept, s); return nil },
		run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
			save := func(name string) {
				if err := l.SaveSnapshot(name); err != nil {
					t.Fatal(err)
				}
				hashes[name] = vm.Hash()
			}
			if stop, err := l.StepForward(background, 1_234_567_891); stop != timeline.StopArrived || err != nil {
				return stop, err
			}
			save("between")
			timer := vm.Gate(t, localTimer)
			l.InsertBreak(timer)
			if stop, err := l.Continue(background); stop != timeline.StopBreak || err != nil {
				return stop, err
			}
			save("delivered")
			l.RemoveBreak(timer)
			nmi := vm.Gate(t, 2)
			l.InsertBreak(nmi)
			live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte("x")})
			live.Push(machine.Input{Kind: machine.InputNMI})
			if stop, err := l.Continue(background); stop != timeline.StopBreak || err != nil {
				return stop, err
			}
			save("inputs")
			l.RemoveBreak(nmi)
			return thenPush(live, 300_000_000, machine.InputEnd)(l, vm)
		}})
	if len(kept) != 3 || kept[1].State.At.Sub != 1 || kept[2].State.At.Sub != 3 {
		t.Fatalf("%d snapshots were kept, want 3, the second and third behind a delivery, without and with inputs", len(kept))
	}
	for _, s := range kept {
		if _, hashed := r.tape.HashAt(s.State.At.ICount); hashed != (s.State.At.Sub == 0) {
			t.Errorf("there is a state hash at the snapshot %q of %v: %v", s.Name, s.State.At, hashed)
		}
		tl, vm := r.open(t)
		if err := tl.AddSnapshot(s); err != nil {
			t.Fatal(err)
		}
		if err := tl.LoadSnapshot(background, s.Name); err != nil {
			t.Fatal(err)
		}
		if got := vm.Hash(); vm.Moment() != s.State.At || got != hashes[s.Name] {
			t.Errorf("the snapshot %q loads at %v with hash %x, want %v with %x", s.Name, vm.Moment(), got, s.State.At, hashes[s.Name])
		}
		if stop, err := tl.Verify(background); err != nil || stop != timeline.StopEnd {
			t.Errorf("verifying from the snapshot %q of %v: %v, error %v; want the end of history", s.Name, s.State.At, stop, err)
		}
	}
}

// The past cannot be changed.
func TestWritesAreRefused(t *testing.T) {
	tl, _ := answeredGuest(t).open(t)
	rip := tl.Description().Lookup("rip")
	if err := tl.WriteMemory(0x1000000, []byte{1}); !errors.Is(err, timeline.ErrPast) {
		t.Errorf("WriteMemory in replay: error %v, want %v", err, timeline.ErrPast)
	}
	if err := tl.WriteRegister(rip, make([]byte, 8)); !errors.Is(err, timeline.ErrPast) {
		t.Errorf("WriteRegister in replay: error %v, want %v", err, timeline.ErrPast)
	}
	if err := tl.WritePhysical(0x1000000, []byte{1}); !errors.Is(err, timeline.ErrPast) {
		t.Errorf("WritePhysical in replay: error %v, want %v", err, timeline.ErrPast)
	}
}
