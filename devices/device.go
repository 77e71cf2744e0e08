// SPDX-License-Identifier: GPL-2.0-or-later

// Package devices holds what every device model shares: the port and MMIO
// buses, interrupt lines and the encoding of saved state. One package per
// device lies below it.
//
// A device is plain, single-threaded Go. It is driven only by accesses, by its
// timers and by the board that hands it outside inputs; it never reads a host
// clock, starts a goroutine or depends on map order.
package devices

// Device is what a board needs of each model to reset it and to save its state.
type Device interface {
	// Name identifies the device in snapshots and messages; unique in a board.
	Name() string
	// Reset puts the device in the state that its manual gives for power-on
	// or the platform reset line.
	Reset()
	// Save returns the whole guest-visible state as a versioned blob (EncodeState).
	// It is called at instruction boundaries only, and has no side effects.
	Save() []byte
	// NewState returns a pointer to an empty struct of the type that Save encodes:
	// the names of what is in the blob.
	NewState() any
	// Load restores a blob from Save, re-arming timers and driving output lines
	// to the saved levels. A newer version or damaged blob is a *StateError and
	// leaves the device unchanged.
	Load([]byte) error
}

// Ports is a device on the x86 I/O port bus.
type Ports interface {
	// In reads size bytes (1, 2 or 4) at the given port; unused high bits are zero.
	In(port uint16, size int) uint32
	// Out writes the low size bytes (1, 2 or 4) of value.
	Out(port uint16, size int, value uint32)
}

// MMIO is a device in the physical address space.
type MMIO interface {
	// Read reads size bytes (1, 2, 4 or 8) at offset from the device's base.
	Read(offset uint64, size int) uint64
	// Write writes the low size bytes of value at offset from the device's base.
	Write(offset uint64, size int, value uint64)
}

// Line is an output wire of a device: an interrupt request, a reset, A20.
// Setting it to the level it already has must change nothing.
type Line interface{ Set(high bool) }

// LineFunc makes a Line of a function.
type LineFunc func(high bool)

// Set calls the function.
func (f LineFunc) Set(high bool) { f(high) }

// Pulse raises a line and lowers it again: one edge.
func Pulse(l Line) {
	l.Set(true)
	l.Set(false)
}
