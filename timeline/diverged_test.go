// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// shortRecording is of the first 200e6 instructions, with inputs on the way.
func shortRecording(t *testing.T) *recording {
	live := testguest.Live()
	return record(t, plan{live: live, end: machine.EndOperator,
		run: thenPush(live, 66_666_667, machine.InputSerial, machine.InputSerial, machine.InputEnd)})
}

// thenPush is a plan's run that goes so many instructions forward before it pushes
// each input.
func thenPush(live *replay.Live, n uint64, kinds ...machine.InputKind) func(*timeline.Live, *testguest.VM) (timeline.Stop, error) {
	return func(l *timeline.Live, _ *testguest.VM) (timeline.Stop, error) {
		for _, k := range kinds {
			if stop, err := l.StepForward(background, n); err != nil || stop != timeline.StopArrived {
				return stop, err
			}
			in := machine.Input{Kind: k}
			if k == machine.InputSerial {
				in.Data = []byte("a")
			}
			live.Push(in)
		}
		return l.Continue(background)
	}
}

// A replay in which memory differs is found at the next hash, which says that it
// is RAM and nothing else.
func TestVerifyNamesWhatDiffers(t *testing.T) {
	r := shortRecording(t)
	if n := len(r.tape.Hashes()); n != 4 {
		t.Errorf("the recording has %d hashes, want 4", n)
	}
	tl, vm := r.open(t)
	seek(t, tl, 120_000_000)
	if _, err := vm.RAM.WriteAt([]byte{0xa5}, testguest.RAM-1); err != nil {
		t.Fatal(err)
	}
	_, err := tl.Verify(background)
	var diverged *replay.ErrDiverged
	if !errors.As(err, &diverged) || diverged.What != "the state of RAM" || diverged.At.ICount != 150_000_000 || diverged.Want == diverged.Got {
		t.Errorf("Verify with a byte of RAM changed: %v; want ErrDiverged in the state of RAM at icount 150000000", err)
	}
}

// A log in which an event was lost, or is at another instruction than it was, is
// found out at that event.
func TestReplayPinsChangedEvents(t *testing.T) {
	r := shortRecording(t)
	var records []replay.Record
	var inputs []int
	for rec, err := range r.tape.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == replay.KindInput {
			inputs = append(inputs, len(records))
		}
		if rec.Kind != replay.KindMark { // what it says may be wrong once another record is moved
			records = append(records, rec)
		}
	}
	if len(inputs) != 3 {
		t.Fatalf("the recording has %d inputs, want 3; they are\n%s", len(inputs), r.explain())
	}
	moved := func(by int) func(*replay.Record) bool {
		return func(rec *replay.Record) bool { rec.At.ICount += uint64(by); return true }
	}
	for name, change := range map[string]func(*replay.Record) bool{
		"lost":    func(*replay.Record) bool { return false },
		"earlier": moved(-1),
		"later":   moved(1),
	} {
		which := records[inputs[1]]
		path := filepath.Join(t.TempDir(), "log")
		log, err := replay.CreateLog(path, replay.ID{1})
		if err != nil {
			t.Fatal(err)
		}
		for i, rec := range records {
			if i != inputs[1] || change(&rec) {
				if err := log.Append(&rec); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		tl, _ := load(t, path, r.options, "").open(t)
		_, err = tl.Verify(background)
		var diverged *replay.ErrDiverged
		if !errors.As(err, &diverged) {
			t.Errorf("event %d %s: %v; want ErrDiverged", which.Ordinal, name, err)
			continue
		}
		if said := diverged.What + diverged.Want; !strings.Contains(said, fmt.Sprintf("event %d", which.Ordinal)) || diverged.At.ICount > which.At.ICount+1 {
			t.Errorf("event %d at %v %s: %v; want it found there", which.Ordinal, which.At, name, err)
		}
	}
}

// Stopping at the count of a hash, and going on by nothing, makes no second one.
func TestHashIsRecordedOnce(t *testing.T) {
	live := testguest.Live()
	r := record(t, plan{live: live, end: machine.EndOperator, run: func(l *timeline.Live, vm *testguest.VM) (timeline.Stop, error) {
		for _, n := range []uint64{timeline.HashInterval, 0, 0, 1} {
			if stop, err := l.StepForward(background, n); err != nil || stop != timeline.StopArrived {
				return stop, err
			}
		}
		live.Push(machine.Input{Kind: machine.InputEnd})
		return l.Continue(background)
	}})
	if got := r.tape.Hashes(); len(got) != 1 || got[0].ICount != timeline.HashInterval {
		t.Errorf("the recording has %d hashes, %+v; want one at %d", len(got), got, uint64(timeline.HashInterval))
	}
}

// What is in the log does not depend on which snapshots are taken: that is the host's affair.
func TestHashesDoNotDependOnSnapshots(t *testing.T) {
	var want []replay.StateHash
	for i, policy := range []timeline.Policy{{}, {Every: 30e6}, {Every: timeline.Never}, {Time: 1}} {
		live, kept := testguest.Live(), 0
		r := record(t, plan{live: live, end: machine.EndOperator, policy: policy, run: thenPush(live, 170e6, machine.InputEnd),
			taken: func(*snapshots.Snapshot) { kept++ }})
		got := r.tape.Hashes()
		if i == 0 {
			want = got
		}
		if len(got) < 3 || !slices.EqualFunc(got, want, func(a, b replay.StateHash) bool { return reflect.DeepEqual(a, b) }) {
			t.Errorf("with %d snapshots by %+v the log has the hashes %+v, want %+v", kept, policy, got, want)
		}
		if (kept > 0) != (policy.Every != timeline.Never) {
			t.Errorf("%+v: %d snapshots are kept: the test is void", policy, kept)
		}
	}
}
