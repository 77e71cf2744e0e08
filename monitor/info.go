// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

func (m *Monitor) info(_ context.Context, args []string, out io.Writer) (bool, error) {
	if len(args) != 1 {
		return false, usage("info")
	}
	switch args[0] {
	case "replay":
		m.infoReplay(out)
	case "snapshots":
		m.infoSnapshots(out)
	case "status":
		m.infoStatus(out)
	case "registers":
		m.infoRegisters(out)
	default:
		return false, usage("info")
	}
	return false, nil
}

func (m *Monitor) infoReplay(out io.Writer) {
	if m.Mode == ModeLive {
		fmt.Fprintln(out, "Record/replay is not active")
		return
	}
	fmt.Fprintf(out, "%s execution '%s': instruction count = %d\n", m.Mode, m.Path, m.Session.Machine().Moment().ICount)
}

func (m *Monitor) infoStatus(out io.Writer) {
	vm := m.Session.Machine()
	if e := vm.End(); e.Kind != machine.EndNone {
		fmt.Fprintf(out, "VM status: paused (shutdown: %v)\n", e)
		return
	}
	fmt.Fprintf(out, "VM status: paused at %v, %d virtual ns\n", vm.Moment(), vm.Clock.Now())
}

// infoSnapshots prints QEMU's table. A date is the guest's own at that instant:
// the host's would tell only when somebody replayed.
func (m *Monitor) infoSnapshots(out io.Writer) {
	snaps, _ := m.Session.Snapshots()
	if len(snaps) == 0 {
		fmt.Fprintln(out, "There is no snapshot available.")
		return
	}
	const row = "%-9s %-16s %8s%20s%15s%20s\n"
	fmt.Fprintln(out, "List of snapshots:")
	fmt.Fprintf(out, row, "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT")
	shift := m.Session.Machine().Clock.Shift()
	for i, s := range snaps {
		ns := s.State.At.ICount<<shift + s.State.Warp
		date := time.Unix(m.Start, 0).Add(time.Duration(ns)).UTC().Format("2006-01-02 15:04:05")
		fmt.Fprintf(out, row, fmt.Sprint(i+1), s.Name, size(s), date, clock(ns), fmt.Sprint(s.State.At.ICount))
	}
}

func size(s *snapshots.Snapshot) string {
	return fmt.Sprintf("%d MiB", s.RAMSize()>>20)
}

func clock(ns uint64) string {
	ms := ns / 1e6
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3600000, ms/60000%60, ms/1000%60, ms%1000)
}

func (m *Monitor) infoRegisters(out io.Writer) {
	e := m.Session.Machine().Engine
	for _, r := range e.Description().All() {
		b := slices.Clone(e.ReadRegister(r))
		slices.Reverse(b) // to big-endian
		fmt.Fprintf(out, "%-10s 0x%0*x\n", r.Name, r.Bits/4, new(big.Int).SetBytes(b))
	}
}
