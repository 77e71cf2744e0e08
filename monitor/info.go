// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"fmt"
	"time"

	"github.com/vmrr/vmrr/snapshots"
)

func (c *call) infoStatus() error {
	switch s := c.Control.State(); s {
	case StateRunning, StatePaused:
		c.printf("VM status: %s\n", s)
	default:
		c.printf("VM status: paused (%s)\n", s)
	}
	return nil
}

// infoHash prints the hash of each part of the state: two instants of which all are
// the same are the same.
func (c *call) infoHash() error {
	m := c.Session.Machine()
	for i, h := range m.Hashes() {
		c.printf("%-16s %016x\n", m.Parts()[i], uint64(h))
	}
	return nil
}

func (c *call) infoVersion() error {
	c.printf("%s\n", c.Version)
	return nil
}

// infoSnapshots prints QEMU's table. A date is the guest's own at that instant:
// the host's would tell only when somebody replayed.
func (c *call) infoSnapshots() error {
	snaps, _ := c.Session.Snapshots()
	if len(snaps) == 0 {
		c.printf("There is no snapshot available.\n")
		return nil
	}
	const row = "%-9s %-16s %8s%20s%15s%20s\n"
	c.printf("List of snapshots:\n")
	c.printf(row, "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT")
	shift := c.Session.Machine().Clock.Shift()
	for i, s := range snaps {
		ns := s.State.At.ICount<<shift + s.State.Warp
		date := time.Unix(c.Start, 0).Add(time.Duration(ns)).UTC().Format("2006-01-02 15:04:05")
		c.printf(row, fmt.Sprint(i+1), s.Name, size(s), date, clock(ns), fmt.Sprint(s.State.At.ICount))
	}
	return nil
}

func size(s *snapshots.Snapshot) string {
	return fmt.Sprintf("%d MiB", s.RAMSize()>>20)
}

func clock(ns uint64) string {
	ms := ns / 1e6
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3600000, ms/60000%60, ms/1000%60, ms%1000)
}
