// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"path/filepath"
	"testing"

	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// The recordings that faults are put into are of the first instructions of a boot,
// in which the kernel sets itself up.
const (
	faultEnd               = 40_000_000             // where they end
	faultHash              = 4_000_000              // instructions between hash records
	inputAt                = 32_345_678             // where a byte comes in
	faultAt                = 33_131_313             // where other faults strike
	hashBefore, hashBehind = 32_000_000, 36_000_000 // the hash records around both
	// faultPA is an address that the guest does not use so early, and faultBit a
	// bit there.
	faultPA, faultBit = 0x0abc_def5, 0x10
)

// door is a door that others are put in front of: at a count it is asked, and can
// do something.
type door struct {
	machine.Inputs
	vm    *testguest.VM
	at    uint64
	then  func(from uint64) // from is the count at which it was asked before
	asked uint64
	done  bool // the machine did not go on since
	// blocks is how many the engine had translated then.
	blocks uint64
	// What then may want done with the input at this count, if there is one.
	swallow bool // it is taken and not given
	lose    bool // it is not taken
	delay   bool // it is given one instruction later
	late    *machine.Input
	// behind, if not nil, is called when the input at this count is in.
	behind func()
}

func (d *door) Take(at machine.Moment) (machine.Input, bool, error) {
	from := d.asked
	d.asked = at.ICount
	if at == (machine.Moment{ICount: d.at}) && !d.done {
		d.done = true
		d.swallow, d.lose, d.delay, d.late = false, false, false, nil
		d.then(from)
	}
	if d.vm != nil {
		d.blocks = d.vm.Unicorn.Stats().TranslatedBlocks
	}
	if d.behind != nil && at == (machine.Moment{ICount: d.at, Sub: 1}) {
		d.behind()
	}
	if in := d.late; in != nil && at.ICount == d.at+1 {
		d.late = nil
		return *in, true, nil
	}
	if at.ICount != d.at || d.lose {
		if d.lose = d.lose && at.ICount == d.at; d.lose {
			return machine.Input{}, false, nil
		}
		return d.Inputs.Take(at)
	}
	in, ok, err := d.Inputs.Take(at)
	if ok && d.delay {
		d.late = &in
	}
	return in, ok && !d.swallow && !d.delay, err
}

func (d *door) Horizon(at machine.Moment) uint64 {
	d.done = false
	h := d.Inputs.Horizon(at)
	if at.ICount < d.at {
		h = min(h, d.at)
	}
	if d.late != nil {
		h = min(h, d.at+1)
	}
	return h
}

// long reports whether the machine came to faultAt in a long run.
func long(from uint64) bool { return from < faultAt && faultAt-from > 1000 }

// flip turns a bit of RAM around.
func (d *door) flip(pa uint64, bit byte) {
	b := []byte{0}
	d.vm.RAM.ReadAt(b, int64(pa))
	b[0] ^= bit
	d.vm.RAM.WriteAt(b, int64(pa))
}

// faultRecording is a recording, and where in it the snapshots are that were kept.
type faultRecording struct {
	tape *replay.Tape
	kept []*snapshots.Snapshot
}

// recordFault records, with hash records close to each other. fault, if not nil,
// happens at faultAt; at the counts of keep snapshots are kept.
func recordFault(t *testing.T, fault func(d *door), keep ...uint64) *faultRecording {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, err := replay.CreateLog(path, replay.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	live := testguest.Live()
	typing := &door{Inputs: live, at: inputAt, then: func(uint64) {
		live.Push(machine.Input{Kind: machine.InputSerial, Data: []byte("k")})
	}}
	rec := replay.NewRecorder(typing, log)
	harm := &door{Inputs: rec, at: faultAt}
	harm.then = func(uint64) {
		if fault != nil {
			fault(harm)
		}
	}
	vm := testguest.New(t, testguest.Options{Inputs: harm})
	harm.vm, rec.Clock = vm, vm.Clock.Now
	if err := vm.PowerOn(); err != nil {
		t.Fatal(err)
	}
	store, r := vm.NewStore(t), &faultRecording{}
	next := uint64(faultHash)
	for _, n := range append(keep, faultEnd) {
		for ; next <= n; next += faultHash {
			vm.Goto(t, next)
			if err := rec.Hash(timeline.StateHash(vm.Machine)); err != nil {
				t.Fatal(err)
			}
		}
		vm.Goto(t, n)
		if n < faultEnd {
			state := snapshots.State{State: vm.Save(), Consumed: rec.Consumed()}
			r.kept = append(r.kept, store.Store.Take("", state))
		}
	}
	if err := rec.End(vm.Moment(), "enough", timeline.StateHash(vm.Machine)); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if r.tape, err = replay.LoadTape(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.tape.Close() })
	return r
}

// open returns a timeline over the recording whose door is behind what put makes.
func (r *faultRecording) open(t *testing.T, put func(player *replay.Player) *door) *timeline.Timeline {
	t.Helper()
	return r.openWith(t, put, nil)
}

// openWith is open; stage is told what Verify does.
func (r *faultRecording) openWith(t *testing.T, put func(player *replay.Player) *door, stage func(string)) *timeline.Timeline {
	t.Helper()
	player := replay.NewPlayer(r.tape)
	d := &door{Inputs: player, at: testguest.Forever}
	if put != nil {
		d = put(player)
	}
	d.vm = testguest.New(t, testguest.Options{Inputs: d})
	player.Clock = d.vm.Clock.Now
	tl, err := timeline.New(timeline.Config{Machine: d.vm.Machine, Player: player,
		Policy: timeline.Policy{Every: timeline.Never}, Stage: stage})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.kept {
		if err := tl.AddSnapshot(s); err != nil {
			t.Fatal(err)
		}
	}
	return tl
}

// between replays the recording and returns a snapshot of the moment behind its
// input, which is no canonical state; of a wrong one, if that is wanted.
func (r *faultRecording) between(t *testing.T, wrong bool) (s *snapshots.Snapshot) {
	t.Helper()
	player := replay.NewPlayer(r.tape)
	d := &door{Inputs: player, at: inputAt, then: func(uint64) {}}
	d.behind = func() {
		if wrong {
			d.flip(faultPA, faultBit)
		}
		s = d.vm.NewStore(t).Store.Take("", snapshots.State{State: d.vm.Save(), Consumed: player.Consumed()})
	}
	d.vm = testguest.New(t, testguest.Options{Inputs: d})
	player.Clock = d.vm.Clock.Now
	if err := d.vm.PowerOn(); err != nil {
		t.Fatal(err)
	}
	d.vm.Goto(t, inputAt+1)
	if want := (machine.Moment{ICount: inputAt, Sub: 1}); s == nil || s.State.At != want {
		t.Fatalf("the snapshot is %+v, want one of %v", s, want)
	}
	return s
}
