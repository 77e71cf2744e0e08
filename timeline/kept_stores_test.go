// SPDX-License-Identifier: GPL-2.0-or-later

package timeline_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/internal/testguest"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// checkCoverage checks that stretches follow each other without a gap from one count to
// another, none of them longer than a recorder makes them.
func checkCoverage(t *testing.T, all []replay.Stretch, from, to uint64) {
	t.Helper()
	at := from
	for _, s := range all {
		if s.From != at || s.To <= s.From || s.To-s.From > timeline.StoresInterval {
			t.Fatalf("a stretch goes from %d to %d; want it to begin at %d", s.From, s.To, at)
		}
		at = s.To
	}
	if at != to {
		t.Errorf("the stretches end at %d, want %d", at, to)
	}
}

// walked reports whether two versions of a page differ in nothing but what page walks set:
// the accessed and dirty bits of entries of 4 or 8 bytes.
func walked(a, b []byte) bool {
	for i := 0; i < len(a); i += 4 {
		const bits = 0x60
		if binary.LittleEndian.Uint32(a[i:])|bits != binary.LittleEndian.Uint32(b[i:])|bits {
			return false
		}
	}
	return true
}

// Every page of RAM that changes in a stretch is among those that the recorder noted.
func TestRecorderNotesStores(t *testing.T) {
	a := answeredGuest(t)
	checkCoverage(t, a.stored, 0, a.tape.End().At.ICount)
	vm, random := a.replayed(t), testguest.Random(41)
	changed, left := 0, 0
	for i := random.IntN(20); i < len(a.stored); i += 1 + random.IntN(20) {
		s := a.stored[i]
		vm.Goto(t, s.From)
		before := bytes.Clone(vm.RAM.Host)
		vm.Goto(t, s.To)
		for page := 0; page < len(before)/cpu.PageSize; page++ {
			old, now := before[page*cpu.PageSize:][:cpu.PageSize], vm.RAM.Host[page*cpu.PageSize:][:cpu.PageSize]
			_, noted := slices.BinarySearch(s.Physical, uint64(page)) // of this guest RAM lies at its offset
			switch {
			case bytes.Equal(old, now):
				if !noted {
					left++
				}
			case walked(old, now):
			case !noted:
				t.Fatalf("page %#x changes between %d and %d, and is not noted", page, s.From, s.To)
			default:
				changed++
			}
		}
	}
	if changed < 1000 || left < 1000 {
		t.Errorf("%d pages changed, %d others were not noted: the test is void", changed, left)
	}
}

// What the recorder knows of the stores changes no answer of a search.
func TestKeptStoresChangeNoAnswer(t *testing.T) {
	a := answeredGuest(t)
	knows, vm := a.open(t)
	ignorant, other := a.open(t)
	seek(t, knows, a.to)
	seek(t, ignorant, a.to)
	random, skipped := testguest.Random(43), 0
	for i := range 12 {
		end := a.from + random.Uint64N(a.to-a.from)
		// Something that is stored to in some stretch before, and perhaps not since.
		now := int(end / timeline.StoresInterval)
		s := a.stored[now-1-random.IntN(40)]
		watch := cpu.Watch{Size: 8, Kind: cpu.WatchChange, Physical: i%2 == 1}
		pages, recent := s.Linear, a.stored[now].Linear
		if watch.Physical {
			pages, recent = s.Physical, a.stored[now].Physical
		}
		pages = slices.DeleteFunc(slices.Clone(pages), func(p uint64) bool { return i%4 > 1 && slices.Contains(recent, p) })
		watch.Addr = pages[random.IntN(len(pages))]*cpu.PageSize + 8*random.Uint64N(512)
		for _, tl := range []*timeline.Timeline{knows, ignorant} {
			seek(t, tl, end)
			tl.ForgetStores() // what it has learned on the way
			if err := tl.InsertWatch(watch); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range a.stored {
			knows.Learn(s)
		}
		if knows.LastStored(end) < end {
			skipped++
		}
		stop, err := knows.ReverseContinue(background)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ignorant.ReverseContinue(background)
		if err != nil || stop != want || vm.Moment() != other.Moment() || stop == timeline.StopWatch && knows.LastHit() != ignorant.LastHit() {
			t.Errorf("%v, back from %d: %v at %v, hit %+v, with what the recorder knows; %v at %v, hit %+v, error %v without",
				watch, end, stop, vm.Moment(), knows.LastHit(), want, other.Moment(), ignorant.LastHit(), err)
		}
		knows.RemoveWatch(watch)
		ignorant.RemoveWatch(watch)
	}
	if skipped < 3 {
		t.Errorf("%d searches could leave anything out, want 3 or more: the test is void", skipped)
	}
}
