// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine"
)

// truth is what must be said of a snapshot by who only knows which calls failed.
type truth int

const (
	absent truth = iota
	present
	unknown
)

// A writer that is stopped between any two of its steps, or in the middle of a
// write, leaves a store with all that it had reported as done, all of it right, and
// the next writer goes on with it. The same if only one step fails.
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
	for _, once := range []bool{false, true} {
		for most := 0; ; most++ {
			files := &faultyFiles{most: most, once: once}
			if !r.stopAt(files, snaps) {
				t.Logf("%d steps", most)
				if most < 40 {
					t.Errorf("a run takes %d steps: the test is void", most)
				}
				break
			}
		}
	}
}

// stopAt does what the files let it do, and checks what is left. It reports whether
// something failed.
func (r *rig) stopAt(files *faultyFiles, snaps []*Snapshot) (failed bool) {
	t, dir, what := r.t, r.t.TempDir(), fmt.Sprintf("stopped at step %d, once: %v", files.most, files.once)
	d, err := openDisk(files, dir, testID, len(r.mem.ram), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	there := map[uint64]truth{} // by icount
	// note says what a call did to some snapshots, if it did.
	note := func(err error, done map[uint64]truth) {
		if err != nil && !errors.Is(err, errStopped) {
			t.Errorf("%s: %v; want the file system's error", what, err)
		}
		for icount, is := range done {
			if err != nil && there[icount] != is {
				is = unknown
			}
			there[icount] = is
		}
		failed = failed || err != nil
	}
	put := func(s *Snapshot) { note(d.Put(s), map[uint64]truth{s.State.At.ICount: present}) }
	remove := func(icount uint64) {
		for _, e := range d.List() {
			if e.At.ICount == icount {
				note(d.Delete(e), map[uint64]truth{icount: absent})
			}
		}
	}
	put(snaps[0])
	put(snaps[1])
	again := &Snapshot{Name: snaps[1].Name, State: snaps[2].State, ram: snaps[2].ram}
	note(d.Put(again), map[uint64]truth{2: absent, 3: present})
	put(snaps[4])
	remove(1)
	note(d.Compact(), nil)
	put(snaps[6])
	remove(5)
	_, err = d.Thin(1, machine.Moment{ICount: 9})
	note(err, map[uint64]truth{7: unknown})
	if there[7] = unknown; !failed {
		there[7] = absent
	}
	d.Close()

	last := &Snapshot{Name: "z", State: testState(8), ram: snaps[7].ram}
	for _, next := range []Mode{ReadOnly, ReadWrite, ReadOnly} {
		d := r.open(dir, next)
		if next == ReadWrite {
			r.put(d, last)
			there[8] = present
		}
		r.verifyCut(d, what)
		got := map[uint64]bool{}
		for _, e := range d.List() {
			got[e.At.ICount] = true
		}
		for icount := range uint64(10) {
			if is := there[icount]; is == present && !got[icount] || is == absent && got[icount] {
				t.Errorf("%s: the snapshot of %d is there: %v; want %v", what, icount, got[icount], !got[icount])
			}
		}
		d.Close()
	}
	return failed || files.steps > files.most
}

// verifyCut is verifyAll for a store whose index may be cut off.
func (r *rig) verifyCut(d *Disk, what string) {
	r.t.Helper()
	for _, e := range d.List() {
		if err := r.verify(d, e); err != nil {
			r.t.Errorf("%s: loading %+v: %v", what, e, err)
		}
	}
	if bad, _ := d.Check(); len(bad) > 0 {
		r.t.Errorf("%s: Check() = %v; want nothing", what, bad)
	}
	var damaged *badfile.DamagedError
	if errors.As(d.Incomplete(), &damaged) {
		r.t.Errorf("%s: the index counts as damaged: %v; want cut off at most", what, damaged)
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
