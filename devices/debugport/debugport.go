// SPDX-License-Identifier: GPL-2.0-or-later

// Package debugport models the three one-register devices that emulators give
// to firmware, kernels and tests: the Bochs console at port 0xe9, the SeaBIOS
// console at 0x402, and the exit port at 0xf4 (QEMU's isa-debug-exit).
package debugport

import "github.com/vmrr/vmrr/devices"

// The I/O ports. The exit port is four ports wide.
const (
	BochsPort   = 0xe9  // Bochs "port_e9_hack": a byte written is a character
	SeaBIOSPort = 0x402 // SeaBIOS CONFIG_DEBUG_IO
	ExitPort    = 0xf4
	ExitPorts   = 4
)

// present is what both consoles read as; firmware probes for it before it
// writes (SeaBIOS: "Recognize bochs-style debug port").
const present = 0xe9

const version = 1

// state is empty: the device remembers nothing.
type state struct{}

// Config is what a Device is built from. A nil function ignores what is written.
type Config struct {
	// Sink gets each character written to a console port.
	Sink func(c byte)
	// Exit is called for a write of v to the exit port with code v<<1 | 1, so
	// that a guest can never report the host's plain success, 0.
	Exit func(code int)
}

// Device is the debug console and exit port. Map it at BochsPort, at
// SeaBIOSPort and at ExitPort (ExitPorts wide), or at those the board wants.
type Device struct{ cfg Config }

var (
	_ devices.Device = (*Device)(nil)
	_ devices.Ports  = (*Device)(nil)
)

// New returns the device.
func New(cfg Config) *Device {
	if cfg.Sink == nil {
		cfg.Sink = func(byte) {}
	}
	if cfg.Exit == nil {
		cfg.Exit = func(int) {}
	}
	return &Device{cfg}
}

// Name returns "debugport".
func (d *Device) Name() string { return "debugport" }

// Reset does nothing: there is no state.
func (d *Device) Reset() {}

// Save returns the version alone.
func (d *Device) Save() []byte { return devices.EncodeState(version, state{}) }

// NewState implements devices.Device.
func (d *Device) NewState() any { return new(state) }

// Load checks the version.
func (d *Device) Load(blob []byte) error {
	return devices.DecodeState(d.Name(), blob, version, &state{})
}

// In reads 0xe9 at the console ports and zero at the exit port.
func (d *Device) In(port uint16, size int) uint32 {
	switch port {
	case BochsPort, SeaBIOSPort:
		// The register is a byte wide; the ports after it are not driven.
		return uint32(devices.Ones(size))&^0xff | present
	}
	return 0
}

// Out writes a character or asks for the exit. A wider write to a console port
// gives its low byte only: the other bytes belong to the ports after it.
func (d *Device) Out(port uint16, size int, value uint32) {
	switch {
	case port == BochsPort || port == SeaBIOSPort:
		d.cfg.Sink(byte(value))
	case port >= ExitPort && port < ExitPort+ExitPorts:
		value &= uint32(devices.Ones(size))
		d.cfg.Exit(int(value)<<1 | 1)
	}
}
