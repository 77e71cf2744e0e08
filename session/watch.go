// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/gdbstub"
)

var _ gdbstub.Watcher = (*target)(nil)

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

// watchStop is the stop for the hit of a watchpoint.
func (t *target) watchStop() gdbstub.Stop {
	hit := t.LastHit()
	stop := gdbstub.Stop{Reason: gdbstub.StopWatch, Addr: hit.Addr}
	for kind, k := range watchKinds {
		if k == hit.Watch {
			stop.Watch = kind
		}
	}
	return stop
}
