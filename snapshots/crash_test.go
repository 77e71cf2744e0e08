// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

// A writer that is stopped between any two of its steps, or in the middle of a
// write, leaves a store with all that it had reported as done, all of it right, and
// the next writer goes on with it.
func TestStoppedAtEveryStep(t *testing.T) {
	r := newRig(t, 2*batchPages)
	var snaps []*Snapshot
	for i := range 8 {
		name := ""
		if i%2 == 1 {
			name = string(rune('a' + i))
		}
		snaps = append(snaps, r.take(name, 30))
	}
	again := &Snapshot{Name: "b", State: testState(3), ram: snaps[2].ram}
	last := &Snapshot{Name: "z", State: testState(8), ram: snaps[7].ram}

	for most := 0; ; most++ {
		dir := t.TempDir()
		files := &faultyFiles{most: most}
		d, err := openDisk(files, dir, testID, len(r.mem.ram), ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		done := map[uint64]bool{} // what is there for certain, by icount
		maybe := map[uint64]bool{}
		var failed error
		do := func(err error, change func(m map[uint64]bool)) {
			if failed == nil {
				change(maybe)
			}
			switch {
			case failed != nil && err == nil:
				t.Errorf("stopped at step %d: after %v something is done all the same", most, failed)
			case err != nil && !errors.Is(err, errStopped):
				t.Errorf("stopped at step %d: %v; want the file system's error", most, err)
			case err != nil:
				failed = err
			default:
				change(done)
				maybe = maps.Clone(done)
			}
		}
		put := func(s *Snapshot) {
			do(d.Put(s), func(m map[uint64]bool) { m[s.State.At.ICount] = true })
		}
		remove := func(icount uint64) {
			for _, e := range d.List() {
				if e.At.ICount == icount && failed == nil {
					do(d.Delete(e), func(m map[uint64]bool) { delete(m, icount) })
				}
			}
		}
		put(snaps[0])
		put(snaps[1])
		do(d.Put(again), func(m map[uint64]bool) { delete(m, 2); m[3] = true })
		put(snaps[4])
		remove(1)
		if failed == nil {
			do(d.Compact(), func(map[uint64]bool) {})
		}
		if failed == nil {
			put(snaps[6])
			remove(5)
			_, err := d.Thin(1, machine.Moment{ICount: 9})
			do(err, func(m map[uint64]bool) { delete(m, 7) })
		}
		d.Close()

		for _, next := range []Mode{ReadOnly, ReadWrite, ReadOnly} {
			d := r.open(dir, next)
			if next == ReadWrite {
				r.put(d, last)
				done[8], maybe[8] = true, true
			}
			r.verifyAll2(d, most)
			got := map[uint64]bool{}
			for _, e := range d.List() {
				got[e.At.ICount] = true
			}
			// What failed half-way may have been done or not: between the two.
			for icount := range got {
				if !done[icount] && !maybe[icount] {
					t.Errorf("stopped at step %d: %v are there; want %v or %v", most, keys(got), keys(done), keys(maybe))
				}
			}
			for icount := range done {
				if maybe[icount] && !got[icount] {
					t.Errorf("stopped at step %d: %v are there; want %v", most, keys(got), keys(done))
				}
			}
			d.Close()
		}
		if failed == nil {
			t.Logf("%d steps", most)
			if files.steps > most || most < 40 {
				t.Errorf("%d steps were taken, %d allowed: the test is void", files.steps, most)
			}
			return
		}
	}
}

func keys(m map[uint64]bool) []uint64 { return slices.Sorted(maps.Keys(m)) }

// verifyAll2 is verifyAll for a store whose index may be cut off.
func (r *rig) verifyAll2(d *Disk, step int) {
	r.t.Helper()
	for _, e := range d.List() {
		if err := r.verify(d, e); err != nil {
			r.t.Errorf("stopped at step %d: loading %+v: %v", step, e, err)
		}
	}
	if bad, _ := d.Check(); len(bad) > 0 {
		r.t.Errorf("stopped at step %d: Check() = %v; want nothing", step, bad)
	}
	if d.damage != nil && !d.cut {
		r.t.Errorf("stopped at step %d: the index counts as damaged: %v; want cut off at most", step, d.damage)
	}
}

// A full disk: the error comes with each later call, and what was there stays.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, 20)
	files := &faultyFiles{most: -1}
	d, err := openDisk(files, dir, testID, len(r.mem.ram), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	r.put(d, r.take("a", 9))
	files.most = files.steps
	for range 3 {
		if err := d.Put(r.take("b", 9)); !errors.Is(err, errStopped) {
			t.Errorf("Put on a full disk: %v; want %v", err, errStopped)
		}
	}
	files.most = -1 // there is room again, but nobody knows how the files end
	if err := d.Put(r.take("c", 9)); !errors.Is(err, errStopped) {
		t.Errorf("Put after an error: %v; want the same one", err)
	}
	r.wantList(d, "a@1")
	d.Close()
	d = r.open(dir, ReadWrite)
	r.put(d, r.take("d", 9))
	if got := r.verifyAll(d); !slices.Equal(got, []string{"a@1", "d@6"}) {
		t.Errorf("the next process has %q", got)
	}
}
