// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/vmrr/vmrr/machine"
)

// Random takes, restores, puts, loads, deletes, thinnings, compactions and
// reopenings: memory and disk always give what was there.
func TestAnySequence(t *testing.T) {
	for seed := range uint64(12) {
		for _, compare := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d, compare %v", seed, compare), func(t *testing.T) {
				anySequence(t, rand.New(rand.NewPCG(seed, 1)), compare)
			})
		}
	}
}

func anySequence(t *testing.T, random *rand.Rand, compare bool) {
	pages := []int{3, 70, chunkPages + 100}[random.IntN(3)]
	dir := t.TempDir()
	r := newRig(t, pages)
	r.rand, r.store = random, newStore(t, r.mem, compare)
	d := r.open(dir, ReadWrite)
	onDisk := map[uint64]bool{}
	names := []string{"", "", "a", "b", "c"}
	for step := range 150 {
		what := fmt.Sprintf("step %d", step)
		list, entries := r.store.List(), d.List()
		present := machine.Moment{ICount: random.Uint64N(r.next)}
		switch op := random.IntN(20); {
		case op < 5 || len(list) == 0:
			r.take(names[random.IntN(len(names))], random.IntN(30))
		case op < 8:
			snap := list[random.IntN(len(list))]
			if err := d.Put(snap); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if name := snap.Name; name != "" {
				for _, e := range entries {
					if e.Name == name {
						onDisk[e.number] = false
					}
				}
			}
			onDisk[d.cat.last] = true
		case op < 13:
			snap := list[random.IntN(len(list))]
			if _, err := r.store.Restore(snap); err != nil || !bytes.Equal(r.mem.ram, r.ram[snap.State.At.ICount]) {
				t.Fatalf("%s: Restore of %v: %v, or RAM is not what was taken", what, snap.State.At, err)
			}
		case op < 15 && len(entries) > 0:
			snap, err := d.Load(entries[random.IntN(len(entries))])
			if err == nil {
				err = r.store.Add(snap)
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		case op == 15:
			r.store.Delete(list[random.IntN(len(list))])
		case op == 16 && len(entries) > 0:
			e := entries[random.IntN(len(entries))]
			if err := d.Delete(e); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			onDisk[e.number] = false
		case op == 17:
			r.store.Thin(r.store.Bytes()*3/4, present)
			dropped, err := d.Thin(d.Bytes()*3/4, present)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			for _, e := range dropped {
				onDisk[e.number] = false
			}
		case op == 18:
			if err := d.Compact(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		case op == 19:
			r.mem.ram[random.IntN(len(r.mem.ram))]++ // behind the tracking's back
			r.store.Forget()
			// What is loaded is of the store that is closed now.
			for _, snap := range list {
				r.store.Delete(snap)
			}
			d.Close()
			d = r.open(dir, ReadWrite)
		}
		if got, want := r.store.Bytes(), recount(r.store); got != want {
			t.Fatalf("%s: Bytes() = %d; counted one by one %d", what, got, want)
		}
	}
	r.verifyAll(d)
	for _, e := range d.List() {
		if !onDisk[e.number] {
			t.Errorf("%+v is on disk; want it gone", e)
		}
		delete(onDisk, e.number)
	}
	for n, there := range onDisk {
		if there {
			t.Errorf("the snapshot of number %d is not on disk", n)
		}
	}
}

// recount is Store.Bytes the slow way.
func recount(s *Store) int64 {
	pages, chunks := map[pageData]bool{}, map[*chunk]bool{}
	tables := []*table{}
	if s.ref != nil {
		tables = append(tables, s.ref)
	}
	for _, snap := range s.snaps {
		tables = append(tables, snap.ram)
	}
	for _, t := range tables {
		for _, c := range t.chunks {
			if c == nil || chunks[c] {
				continue
			}
			chunks[c] = true
			for _, p := range c {
				if p != nil && p.data != nil {
					pages[*p.data] = true
				}
			}
		}
	}
	return int64(len(pages)*PageSize + len(chunks)*chunkBytes)
}
