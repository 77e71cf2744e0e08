// SPDX-License-Identifier: GPL-2.0-or-later

package pci

import "github.com/vmrr/vmrr/devices"

// PortReset is the reset control register's port. It lies inside CONFIG_ADDRESS
// and is reached by byte accesses alone (82371SB data sheet, RC register).
const PortReset = 0xCF9

// ResetHard is the value that, written to PortReset, resets the whole machine.
const ResetHard = resetHard | resetCPU

// Bits of the reset control register.
const (
	resetHard = 1 << 1 // what a reset is: of the processor alone, or of everything
	resetCPU  = 1 << 2 // its rising edge starts one
)

const resetVersion = 1 // of resetState

// ResetConfig is what the reset control register is wired to.
type ResetConfig struct {
	// Reset asks the board for a reset: of the whole machine if hard, otherwise
	// of the processor (INIT).
	Reset func(hard bool)
}

// ResetControl is the reset control register.
type ResetControl struct {
	cfg ResetConfig
	s   resetState
}

type resetState struct {
	Value uint8
}

// NewResetControl returns the register after Reset.
func NewResetControl(cfg ResetConfig) *ResetControl { return &ResetControl{cfg: cfg} }

// Name identifies the device.
func (r *ResetControl) Name() string { return "reset-control" }

// Reset clears the register; it asks for nothing.
func (r *ResetControl) Reset() { r.s = resetState{} }

// Save returns the state.
func (r *ResetControl) Save() []byte { return devices.EncodeState(resetVersion, &r.s) }

// NewState implements devices.Device.
func (r *ResetControl) NewState() any { return new(resetState) }

// Load restores a state; it asks for nothing.
func (r *ResetControl) Load(blob []byte) error {
	var s resetState
	if err := devices.DecodeState(r.Name(), blob, resetVersion, &s); err != nil {
		return err
	}
	r.s = s
	return nil
}

// In reads the register with a byte access; others find nobody.
func (r *ResetControl) In(_ uint16, size int) uint32 {
	if size != 1 {
		return uint32(devices.Ones(size))
	}
	return uint32(r.s.Value)
}

// Out writes the register with a byte access. The reset is asked for after the
// write, so that a Reset on the spot leaves the register clear.
func (r *ResetControl) Out(_ uint16, size int, value uint32) {
	if size != 1 {
		return
	}
	old := r.s.Value
	r.s.Value = uint8(value) & (resetHard | resetCPU)
	if old&resetCPU == 0 && r.s.Value&resetCPU != 0 {
		r.cfg.Reset(r.s.Value&resetHard != 0)
	}
}
