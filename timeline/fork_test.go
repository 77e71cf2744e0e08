// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// A live machine that goes back to a snapshot leaves the recording so far whole,
// and what follows is a recording of its own that begins in the snapshot.
func TestForkedRecording(t *testing.T) {
	const at = 900_000_000
	live, path := testguest.Live(), filepath.Join(t.TempDir(), "forked")
	var forked *replay.Writer
	begun := false
	var origin *snapshots.Snapshot
	var stored []replay.Stretch
	fork := func(s *snapshots.Snapshot) (*timeline.Recording, error) {
		var err error
		if forked, err = replay.CreateLog(path, replay.ID{3}); err != nil {
			return nil, err
		}
		origin = s
		rec := recordingOf(replay.NewRecorder(live, forked), nil)
		rec.Close, rec.Begun = forked.Close, func() { begun = true }
		rec.Stored = func(s replay.Stretch) { stored = append(stored, s) }
		return rec, nil
	}
	first := record(t, plan{live: live, end: machine.EndOperator, fork: fork,
		run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
			if stop, err := l.StepForward(background, at); stop != timeline.StopArrived || err != nil {
				return stop, err
			}
			if err := l.SaveSnapshot("a"); err != nil {
				return 0, err
			}
			if stop, err := l.StepForward(background, 100_000_000); stop != timeline.StopArrived || err != nil {
				return stop, err
			}
			if err := l.LoadSnapshot(background, "a"); err != nil {
				return 0, err
			}
			if got := vm.Moment(); got.ICount != at {
				t.Errorf("loading the snapshot leads to %v, want icount %d", got, at)
			}
			live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte("another way")})
			if stop, err := l.StepForward(background, 200_000_000); stop != timeline.StopArrived || err != nil {
				return stop, err
			}
			live.Push(machine.Input{Kind: machine.InputEnd})
			return l.Continue(background)
		}})
	if !begun {
		t.Error("nobody was told that the run went on in the second recording")
	}
	if end := first.tape.End(); end.At.ICount != at+100_000_000 || end.CutOff != nil {
		t.Errorf("the first recording ends at %v, cut off %v; want icount %d with an end", end.At, end.CutOff, at+100_000_000)
	}
	first.verify(t)
	// What is known of the stores goes in each up to its end, and begins where it does.
	checkCoverage(t, first.stored, 0, at+100_000_000)
	checkCoverage(t, stored, at, at+200_000_000)

	r := load(t, path, testguest.Options{}, "")
	r.origin = origin
	tl, vm := r.open(t)
	if got := tl.Begin(); got.ICount != at {
		t.Fatalf("the second recording begins at %v, want icount %d", got, at)
	}
	hash := vm.Hash()
	if stop, err := tl.Verify(background); err != nil || stop != timeline.StopEnd {
		t.Fatalf("verifying the second recording: %v, error %v; want the end of history", stop, err)
	}
	if stop, err := tl.ReverseContinue(background); err != nil || stop != timeline.StopBegin || vm.Moment() != tl.Begin() || vm.Hash() != hash {
		t.Errorf("running back leads to %v at %v with hash %x, error %v; want %v with %x",
			stop, vm.Moment(), vm.Hash(), err, tl.Begin(), hash)
	}
	if stop, err := tl.StepBack(background, 1); err != nil || stop != timeline.StopBegin {
		t.Errorf("stepping back from the beginning: %v, error %v; want %v", stop, err, timeline.StopBegin)
	}
	if _, err := tl.Seek(background, at-1); err == nil {
		t.Error("Seek before the beginning of history has no error")
	}
	seek(t, tl, at+1)
	if stop, err := tl.StepBack(background, 1); err != nil || stop != timeline.StopArrived || vm.Moment().ICount != at {
		t.Errorf("stepping back to the beginning: %v at %v, error %v; want %v", stop, vm.Moment(), err, timeline.StopArrived)
	}
}

// Where no other recording can be made, the run goes on as it was, in the one that it
// has.
func TestForkThatFails(t *testing.T) {
	live, full := testguest.Live(), errors.New("the disk is full")
	record(t, plan{live: live, end: machine.EndOperator,
		fork: func(*snapshots.Snapshot) (*timeline.Recording, error) { return nil, full },
		run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
			if err := l.SaveSnapshot("a"); err != nil {
				return 0, err
			}
			if stop, err := l.StepForward(background, 30_000_000); stop != timeline.StopArrived || err != nil {
				return stop, err
			}
			before := vm.Hash()
			if err := l.LoadSnapshot(background, "a"); !errors.Is(err, full) {
				t.Errorf("LoadSnapshot without a place for the recording: error %v, want %v", err, full)
			}
			if got := vm.Hash(); got != before || vm.Moment().ICount != 30_000_000 {
				t.Errorf("then the machine is at %v with hash %x, want icount 30000000 with %x", vm.Moment(), got, before)
			}
			live.Push(machine.Input{Kind: machine.InputEnd})
			return l.Continue(background)
		}}).verify(t)
}
