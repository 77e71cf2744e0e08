// SPDX-License-Identifier: GPL-2.0-or-later

package machine

import (
	"fmt"

	"github.com/vmrr/vmrr/devices"
)

// Blob is one device's saved state under its name.
type Blob struct {
	Name string
	Data []byte
}

// State is all of a machine but its RAM.
type State struct {
	At      Moment
	Warp    uint64 // ns the clock has jumped
	CPU     []byte // cpu.Engine.Save
	Devices []Blob // in the board's order
	End     End    // how the run ended, if it has
}

// Save returns the machine's state; the machine must not be running. Timers that
// are due fire first, as they would have before anything else, so that the state
// is that of its Moment however the machine came to stop here.
func (m *Machine) Save() State {
	m.Clock.RunDue()
	s := State{At: m.Moment(), Warp: m.Clock.Warp(), CPU: m.Engine.Save(), End: m.end}
	for _, d := range m.Board.Devices() {
		s.Devices = append(s.Devices, Blob{d.Name(), d.Save()})
	}
	return s
}

// Load puts the machine in a saved state. The caller restores RAM and the door.
// If it fails the machine is in no defined state.
func (m *Machine) Load(s State) error {
	devs := m.Board.Devices()
	if len(devs) != len(s.Devices) {
		return fmt.Errorf("loading a machine's state: it has %d devices, want %d", len(s.Devices), len(devs))
	}
	for i, d := range devs {
		if s.Devices[i].Name != d.Name() {
			return fmt.Errorf("loading a machine's state: device %d is %q, want %q", i, s.Devices[i].Name, d.Name())
		}
	}
	m.Engine.SetICount(s.At.ICount)
	m.Clock.SetWarp(s.Warp)
	m.syncClock()
	m.subAt, m.sub = s.At.ICount, s.At.Sub
	// Devices that take back their lines pass through states that never were: an
	// edge may reach a controller that is still as it was, and that the CPU. What
	// came of it is overwritten by what is loaded last.
	if err := m.loadDevices(devs, s.Devices); err != nil {
		return err
	}
	m.event, m.end, m.between = Event{}, s.End, false
	m.interrupted.Store(false)
	return m.Engine.Load(s.CPU)
}

func (m *Machine) loadDevices(devs []devices.Device, blobs []Blob) error {
	for i, d := range devs {
		if err := d.Load(blobs[i].Data); err != nil {
			return err
		}
	}
	return nil
}
