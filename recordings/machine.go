// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
)

// Machine is what a recording's manifest says of the machine. The kernel and the
// initrd lie in the recording and are checked when they are read.
type Machine struct {
	Engine      string `json:"engine"`  // Emulator.Engine
	Devices     int    `json:"devices"` // pc.Behaviour
	Board       string `json:"board"`
	CPU         string `json:"cpu"`   // model
	RAM         uint64 `json:"ram"`   // bytes
	Shift       uint   `json:"shift"` // an instruction takes 2^Shift ns
	CommandLine string `json:"command_line"`
	NoReboot    bool   `json:"no_reboot"`
	Initrd      bool   `json:"initrd"` // there is one
}

// board is the name of the board that package machine/pc is.
const board = "pc"

// machineOf describes a machine.
func machineOf(c *pc.Config, engine string) Machine {
	return Machine{Engine: engine, Devices: pc.Behaviour, Board: board, CPU: c.CPU, RAM: c.RAM, Shift: c.Shift,
		CommandLine: c.CommandLine, NoReboot: c.NoReboot, Initrd: c.Initrd != nil}
}

// MachineOf returns what a recording says of its machine, be it one that this vmrr can
// replay or not. A manifest that knows more of machines than this vmrr is an error.
func MachineOf(dir *replay.Dir) (m Machine, err error) {
	d := json.NewDecoder(bytes.NewReader(dir.Manifest().Machine))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("reading which machine %s recorded: %w", dir.Path(), err)
	}
	return m, nil
}
