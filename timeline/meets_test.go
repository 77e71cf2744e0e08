// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// metEngine has hits, and one page mapped, to physical address 0.
type metEngine struct {
	cpu.Engine
	hits   uint64
	last   cpu.Hit
	mapped uint64 // its linear address
}

func (e *metEngine) Hits() (uint64, cpu.Hit) { return e.hits, e.last }

func (e *metEngine) Translate(linear uint64) (pa uint64, ok bool) {
	return linear % cpu.PageSize, linear&^(cpu.PageSize-1) == e.mapped
}

func (e *metEngine) ICount() uint64                          { return 100 }
func (e *metEngine) TakeStores() (linear, physical []uint64) { return nil, nil }

// newMet makes what a debugger needs of a machine with that engine and a page of RAM.
func newMet(e *metEngine) *debug {
	ram := &machine.RAM{Memory: cpu.Memory{Host: make([]byte, cpu.PageSize), Regions: []cpu.Region{{Size: cpu.PageSize}}}}
	return &debug{m: &machine.Machine{Config: machine.Config{Engine: e, RAM: ram}}}
}

// The last of the engine's hits and of those from outside: at one place it is the engine's,
// as writes from outside come first.
func TestCountedLast(t *testing.T) {
	write := cpu.Hit{ICount: 50, Watch: cpu.WatchChange, By: "the debugger"}
	stored := func(n uint64) cpu.Hit { return cpu.Hit{ICount: n, Watch: cpu.WatchChange} }
	for _, c := range []struct {
		what    string
		hits    uint64
		last    cpu.Hit
		outside uint64
		n       uint64
		want    cpu.Hit
	}{
		{"none", 0, cpu.Hit{}, 0, 0, cpu.Hit{}},
		{"no write", 2, stored(40), 0, 2, stored(40)},
		{"writes alone", 0, cpu.Hit{}, 3, 3, write},
		{"a store before", 2, stored(49), 3, 5, write},
		{"a store at the same place", 2, stored(50), 3, 5, stored(50)},
		{"a store behind", 2, stored(51), 3, 5, stored(51)},
		{"a breakpoint before", 1, cpu.Hit{ICount: 48, Addr: 7}, 3, 4, write},
		{"a breakpoint at the same place", 1, cpu.Hit{ICount: 49, Addr: 7}, 3, 4, cpu.Hit{ICount: 49, Addr: 7}},
	} {
		d := newMet(&metEngine{hits: c.hits, last: c.last})
		if d.outside.hits = c.outside; c.outside > 0 {
			d.outside.last = write
		}
		if n, got := d.counted(); n != c.n || got != c.want {
			t.Errorf("%s: counted() = %d, %+v; want %d, %+v", c.what, n, got, c.n, c.want)
		}
	}
}

// A write that meets several watchpoints is one hit, of the first of them.
func TestWriteMeetsWatches(t *testing.T) {
	change := cpu.Watch{Addr: 0x10, Size: 8, Kind: cpu.WatchChange, Physical: true}
	access := cpu.Watch{Addr: 0x12, Size: 2, Kind: cpu.WatchAccess, Physical: true}
	linear := cpu.Watch{Addr: 0x7014, Size: 1, Kind: cpu.WatchChange}
	load := cpu.Watch{Addr: 0x10, Size: 8, Kind: cpu.WatchLoad, Physical: true}
	hit := func(kind cpu.WatchKind, addr uint64) cpu.Hit {
		return cpu.Hit{ICount: 50, Addr: addr, Watch: kind, Store: true, By: "a device"}
	}
	for _, c := range []struct {
		watches []cpu.Watch
		data    []byte // at 0x11, over zeros
		hits    uint64
		want    cpu.Hit
	}{
		{[]cpu.Watch{change, access}, []byte{1, 2, 3, 4}, 1, hit(cpu.WatchChange, 0x11)},
		{[]cpu.Watch{access, change}, []byte{1, 2, 3, 4}, 1, hit(cpu.WatchAccess, 0x12)},
		{[]cpu.Watch{change, access}, []byte{0, 0}, 1, hit(cpu.WatchAccess, 0x12)},
		{[]cpu.Watch{change, linear}, []byte{0, 0, 0, 0}, 0, cpu.Hit{}},
		{[]cpu.Watch{linear, change}, []byte{1, 2, 3, 4}, 1, hit(cpu.WatchChange, 0x7014)},
		{[]cpu.Watch{load}, []byte{1, 2, 3, 4}, 0, cpu.Hit{}},
		{[]cpu.Watch{change}, nil, 0, cpu.Hit{}},
	} {
		for _, mode := range []cpu.HitMode{cpu.HitStops, cpu.HitCounted, cpu.HitIgnored} {
			d := newMet(&metEngine{mapped: 0x7000})
			d.watches, d.mode = c.watches, mode
			d.noted.known = true
			hits, want := c.hits, c.want
			if mode == cpu.HitIgnored {
				hits, want = 0, cpu.Hit{}
			}
			stop := d.meetOutside(machine.OutsideWrite{By: "a device", Before: 49, PA: 0x11, Data: c.data})
			if got := d.outside; got.hits != hits || got.last != want || stop != (mode == cpu.HitStops && hits > 0) {
				t.Errorf("% x at 0x11 with %v, mode %v: %d hits, the last %+v, stops %v; want %d, %+v",
					c.data, c.watches, mode, got.hits, got.last, stop, hits, want)
			}
			if s, ok := d.takeNoted(); ok {
				t.Errorf("% x at 0x11, mode %v: the stretch from %d to %d is said to be known", c.data, mode, s.From, s.To)
			}
		}
	}
}

// In a large watchpoint writes are looked for as far as the bound, and no farther.
func TestMaxWatched(t *testing.T) {
	const base = 0x4000_0000
	for _, c := range []struct {
		mapped uint64
		want   bool
	}{
		{base, true},
		{base + maxWatched - cpu.PageSize, true},
		{base + maxWatched, false},
	} {
		d := newMet(&metEngine{mapped: c.mapped})
		watch := cpu.Watch{Addr: base, Size: 2 * maxWatched, Kind: cpu.WatchAccess}
		at, ok := d.meets(watch, machine.OutsideWrite{PA: 8, Data: []byte{1}})
		if ok != c.want || ok && at != c.mapped+8 {
			t.Errorf("a write to the page at %#x: met %v, at %#x; want %v", c.mapped, ok, at, c.want)
		}
	}
}
