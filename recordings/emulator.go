// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"fmt"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
)

// Emulator is the vmrr that makes and replays recordings. Each names the one that made
// it, and is replayed only by one that runs its machine in the same way.
type Emulator struct {
	Version   string       // of vmrr, for people
	Engine    string       // how its CPU engine behaves: one of another name may run another way
	NewEngine pc.NewEngine // opens such an engine
}

// configOf returns what the machine of a recording is built from, its images included.
func (e *Emulator) configOf(dir *replay.Dir) (c pc.Config, err error) {
	m, err := MachineOf(dir)
	if err != nil {
		return c, err
	}
	path := dir.Path()
	if m.Engine != e.Engine {
		return c, &badfile.MismatchError{File: path, What: "the CPU engine", Want: m.Engine, Got: e.Engine}
	}
	if m.Devices != pc.Behaviour {
		return c, &badfile.MismatchError{File: path, What: "version of the devices", Want: fmt.Sprint(m.Devices), Got: fmt.Sprint(pc.Behaviour)}
	}
	if m.Board != board {
		return c, fmt.Errorf("%s was recorded on the board %q, which this vmrr does not have", path, m.Board)
	}
	c = pc.Config{RAM: m.RAM, CPU: m.CPU, Shift: m.Shift, CommandLine: m.CommandLine, NoReboot: m.NoReboot}
	return c, readImages(dir, m.Initrd, &c)
}
