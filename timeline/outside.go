// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"bytes"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// outside is what is known of the writes to RAM that no instruction made.
type outside struct {
	hits uint64  // of watchpoints, since the mode of hits was set
	last cpu.Hit // the last of them
}

// meetOutside is told by the machine of such a write. It reports whether it is to stop.
func (d *debug) meetOutside(w machine.OutsideWrite) (stop bool) {
	d.noted.spoiled = true
	if d.mode == cpu.HitIgnored {
		return false
	}
	for _, watch := range d.watches {
		if addr, ok := d.meets(watch, w); ok {
			d.outside.hits++
			d.outside.last = cpu.Hit{ICount: w.Before + 1, Addr: addr, Watch: watch.Kind, Store: true, By: w.By}
			return d.mode == cpu.HitStops
		}
	}
	return false
}

// maxWatched bounds the linear memory of one watchpoint in which such writes are looked
// for, in bytes from its beginning: page by page it is translated.
const maxWatched = 256 << 20

// meets reports whether a write hits a watchpoint, and the first byte of it that does.
func (d *debug) meets(watch cpu.Watch, w machine.OutsideWrite) (addr uint64, ok bool) {
	switch {
	case watch.Kind == cpu.WatchLoad:
		return 0, false
	case watch.Physical:
		return d.meetsAt(watch, watch.Addr, watch.Size, w)
	}
	size := min(watch.Size, maxWatched)
	for done := uint64(0); done < size; {
		linear := watch.Addr + done
		n := min(size-done, cpu.PageSize-linear%cpu.PageSize)
		if pa, mapped := d.m.Engine.Translate(linear); mapped {
			if at, ok := d.meetsAt(watch, pa, n, w); ok {
				return linear + (at - pa), true
			}
		}
		done += n
	}
	return 0, false
}

// meetsAt is meets for what a watchpoint has at a physical address.
func (d *debug) meetsAt(watch cpu.Watch, pa, size uint64, w machine.OutsideWrite) (at uint64, ok bool) {
	at = max(pa, w.PA)
	end := min(pa+(size-1), w.PA+uint64(len(w.Data)-1)) // the last byte
	if len(w.Data) == 0 || at > end {
		return 0, false
	}
	if watch.Kind == cpu.WatchAccess {
		return at, true
	}
	data, old := w.Data[at-w.PA:][:end-at+1], make([]byte, end-at+1)
	if n, _ := d.m.RAM.ReadAt(old, int64(at)); n < len(old) {
		return 0, false // there is no RAM
	}
	return at, !bytes.Equal(old, data)
}

// LastHit returns the hit of the watchpoint at which the machine stopped last.
func (d *debug) LastHit() cpu.Hit { return d.hit }

// setHitMode says what hits do from now on, and sets their count to 0.
func (d *debug) setHitMode(mode cpu.HitMode, enough uint64) {
	d.mode, d.outside = mode, outside{}
	d.m.Engine.SetHitMode(mode, enough)
}

// counted returns how many hits were counted, and the last one. Between two instructions
// writes from outside come first, then the delivery of an interrupt, then a breakpoint.
func (d *debug) counted() (n uint64, last cpu.Hit) {
	n, last = d.m.Engine.Hits()
	if o := d.outside; o.hits > 0 && (n == 0 || o.last.Place() > last.Place()) {
		last = o.last
	}
	return n + d.outside.hits, last
}
