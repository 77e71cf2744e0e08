// SPDX-License-Identifier: GPL-2.0-or-later

// Package pci models the PCI bus of a PC as software sees it: configuration
// mechanism #1 (PCI Local Bus Specification 2.3, 3.2.2.3.2), the configuration
// space of a function, the two bridges of an Intel 440FX board and the reset
// control register between the bus's ports.
package pci

import (
	"fmt"

	"github.com/vmrr/vmrr/devices"
)

// The ports of configuration mechanism #1. A board maps the bus to
// PortAddress alone (its neighbours are no part of it, 0xCF9 is ResetControl's)
// and to the four ports from PortData.
const (
	PortAddress = 0xCF8 // CONFIG_ADDRESS, 32-bit accesses only
	PortData    = 0xCFC // CONFIG_DATA, to 0xCFF, 8 to 32 bits
)

// Function is one function of a device on the bus. Space implements it; a
// device with base address registers wraps ConfigWrite to see them move.
type Function interface {
	// ConfigRead reads size bytes (1, 2 or 4) of configuration space at reg,
	// 0 to 255. The access does not cross a multiple of four.
	ConfigRead(reg uint8, size int) uint32
	// ConfigWrite writes the low size bytes of value at reg.
	ConfigWrite(reg uint8, size int, value uint32)
}

const busVersion = 1 // of busState

// Bus is PCI bus 0 and the ports through which the processor configures it.
// Its functions are devices of their own, reset and saved for themselves.
type Bus struct {
	functions [32][8]Function
	s         busState
}

type busState struct {
	Address uint32 // CONFIG_ADDRESS
}

// Bits of CONFIG_ADDRESS: enable, bus 23:16, device 15:11, function 10:8,
// register 7:2; the others read as zero.
const (
	addressEnable   = 1 << 31
	addressWritable = addressEnable | 0xFFFFFC
)

// NewBus returns an empty bus.
func NewBus() *Bus { return &Bus{} }

// Attach puts f at a device number, 0 to 31, and a function number, 0 to 7. It
// panics if the place is taken or function 0 is missing, without which software
// does not look further: boards are built from constants.
func (b *Bus) Attach(device, function int, f Function) {
	if b.functions[device][function] != nil {
		panic(fmt.Sprintf("PCI function 00:%02x.%d is attached twice", device, function))
	}
	if function != 0 && b.functions[device][0] == nil {
		panic(fmt.Sprintf("PCI function 00:%02x.%d has no function 0 beside it", device, function))
	}
	b.functions[device][function] = f
}

// Name identifies the device.
func (b *Bus) Name() string { return "pci" }

// Reset clears CONFIG_ADDRESS.
func (b *Bus) Reset() { b.s = busState{} }

// Save returns the state of the ports; the functions are not in it.
func (b *Bus) Save() []byte { return devices.EncodeState(busVersion, &b.s) }

// NewState implements devices.Device.
func (b *Bus) NewState() any { return new(busState) }

// Load restores a state.
func (b *Bus) Load(blob []byte) error {
	var s busState
	if err := devices.DecodeState(b.Name(), blob, busVersion, &s); err != nil {
		return err
	}
	b.s = s
	return nil
}

// In reads a port. Nothing but a 32-bit access reaches CONFIG_ADDRESS; a part
// of CONFIG_DATA that no function answers for reads all-ones.
func (b *Bus) In(port uint16, size int) uint32 {
	if port == PortAddress && size == 4 {
		return b.s.Address
	}
	ones := uint32(devices.Ones(size))
	if port < PortData || port > PortData+3 {
		return ones
	}
	f := b.selected()
	if f == nil {
		return ones
	}
	offset := uint8(port & 3)
	if int(offset)+size <= 4 {
		return b.read(f, offset, size)
	}
	// An unaligned access leaves the port: its upper part finds nobody.
	value := ones
	for i := uint8(0); offset+i < 4; i++ {
		value = value&^(0xFF<<(8*i)) | b.read(f, offset+i, 1)<<(8*i)
	}
	return value
}

// Out writes a port.
func (b *Bus) Out(port uint16, size int, value uint32) {
	if port == PortAddress && size == 4 {
		b.s.Address = value & addressWritable
		return
	}
	f := b.selected()
	if f == nil || port < PortData || port > PortData+3 {
		return
	}
	offset := uint8(port & 3)
	if int(offset)+size <= 4 {
		f.ConfigWrite(b.register(offset), size, value)
		return
	}
	for i := uint8(0); offset+i < 4; i++ {
		f.ConfigWrite(b.register(offset+i), 1, value>>(8*i)&0xFF)
	}
}

// selected returns the function that CONFIG_ADDRESS names, or nil: disabled,
// another bus, or nobody there.
func (b *Bus) selected() Function {
	if a := b.s.Address; a&addressEnable != 0 && a>>16&0xFF == 0 {
		return b.functions[a>>11&31][a>>8&7]
	}
	return nil
}

func (b *Bus) register(offset uint8) uint8 { return uint8(b.s.Address)&0xFC | offset }

// read reads within one dword of f. Whether a device has several functions is a
// property of its slot, so the bus adds that bit to the header type of function 0.
func (b *Bus) read(f Function, offset uint8, size int) uint32 {
	reg := b.register(offset)
	value := f.ConfigRead(reg, size) & uint32(devices.Ones(size))
	if reg <= regHeaderType && int(reg)+size > regHeaderType && b.multiFunction() {
		value |= headerMulti << (8 * (regHeaderType - uint(reg)))
	}
	return value
}

// multiFunction reports that function 0 of a slot is selected and not alone.
func (b *Bus) multiFunction() bool {
	if b.s.Address>>8&7 != 0 {
		return false
	}
	for _, f := range b.functions[b.s.Address>>11&31][1:] {
		if f != nil {
			return true
		}
	}
	return false
}
