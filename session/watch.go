// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"fmt"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/gdbstub"
)

var (
	_ gdbstub.Watcher         = (*target)(nil)
	_ gdbstub.PhysicalWatcher = (*target)(nil)
)

// watchKinds are gdb's kinds of watchpoint in the CPU's words. gdb drops the hit of a
// write watchpoint if the value is still the same, so it need not hear of it.
var watchKinds = map[gdbstub.WatchKind]cpu.WatchKind{
	gdbstub.WatchWrite:  cpu.WatchChange,
	gdbstub.WatchRead:   cpu.WatchLoad,
	gdbstub.WatchAccess: cpu.WatchAccess,
}

func watchOf(addr, length uint64, kind gdbstub.WatchKind) cpu.Watch {
	return cpu.Watch{Addr: addr, Size: length, Kind: watchKinds[kind]}
}

// InsertWatch implements gdbstub.Watcher.
func (t *target) InsertWatch(addr, length uint64, kind gdbstub.WatchKind) error {
	return t.Debuggee.InsertWatch(watchOf(addr, length, kind))
}

// RemoveWatch implements gdbstub.Watcher.
func (t *target) RemoveWatch(addr, length uint64, kind gdbstub.WatchKind) error {
	t.Debuggee.RemoveWatch(watchOf(addr, length, kind))
	return nil
}

// InsertPhysicalWatch implements gdbstub.PhysicalWatcher.
func (t *target) InsertPhysicalWatch(addr, length uint64, kind gdbstub.WatchKind) error {
	return t.Debuggee.InsertWatch(physicalWatchOf(addr, length, kind))
}

// RemovePhysicalWatch implements gdbstub.PhysicalWatcher.
func (t *target) RemovePhysicalWatch(addr, length uint64, kind gdbstub.WatchKind) error {
	t.Debuggee.RemoveWatch(physicalWatchOf(addr, length, kind))
	return nil
}

func physicalWatchOf(addr, length uint64, kind gdbstub.WatchKind) cpu.Watch {
	w := watchOf(addr, length, kind)
	w.Physical = true
	return w
}

// watchStop is the stop for the hit of a watchpoint.
func (t *target) watchStop() gdbstub.Stop {
	hit := t.LastHit()
	stop := gdbstub.Stop{Reason: gdbstub.StopWatch, Addr: hit.Addr}
	if hit.By != "" {
		stop.Note = fmt.Sprintf("No instruction wrote to 0x%x: %s did, at icount %d.", hit.Addr, hit.By, hit.Place())
	}
	for kind, k := range watchKinds {
		if k == hit.Watch {
			stop.Watch = kind
		}
	}
	return stop
}
