// SPDX-License-Identifier: GPL-2.0-or-later

package pci

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/vmrr/vmrr/devices"
)

// Registers of a type 0 header (PCI 2.3, 6.1).
const (
	RegCommand       = 0x04
	RegStatus        = 0x06
	RegInterruptLine = 0x3C

	regVendor       = 0x00
	regRevision     = 0x08
	regHeaderType   = 0x0E
	regBAR          = 0x10 // six of them
	regSubsystem    = 0x2C
	regInterruptPin = 0x3D
	headerMulti     = 0x80
)

// Bits of the command register (PCI 2.3, 6.2.2).
const (
	CommandIO         = 1 << 0  // answer I/O accesses
	CommandMemory     = 1 << 1  // answer memory accesses
	CommandBusMaster  = 1 << 2  // may do DMA
	CommandIntDisable = 1 << 10 // keep INTx# low
)

// Identity is what a function says of itself in its header.
type Identity struct {
	Vendor, Device                   uint16
	Revision                         uint8
	Class                            uint32 // 24 bits: base class, subclass, interface
	SubsystemVendor, SubsystemDevice uint16
	InterruptPin                     uint8 // 1 to 4 for INTA# to INTD#, 0 for none
}

// BARKind is the address space of a base address register: its low four bits.
type BARKind uint32

// The kinds of base address register (PCI 2.3, 6.2.5.1).
const (
	BARMemory32         BARKind = 0x0
	BARIO               BARKind = 0x1
	BARMemory64         BARKind = 0x4 // takes the next register too
	BARMemory64Prefetch BARKind = 0xC
)

// Space is the 256 bytes of a function's configuration space, with what the
// guest may write of them. A device defines its registers when it is built.
type Space struct {
	bytes [256]byte
	reset [256]byte // values at reset
	mask  [256]byte // bits that a write sets
	clear [256]byte // bits that writing a one clears
}

const spaceVersion = 1 // of the saved bytes

// NewSpace returns a type 0 header. The command register has the bits that a
// device without special cycles or wait states has.
func NewSpace(id Identity) *Space {
	s := &Space{}
	s.Define(regVendor, 4, uint32(id.Device)<<16|uint32(id.Vendor), 0)
	s.Define(RegCommand, 2, 0, CommandIO|CommandMemory|CommandBusMaster|1<<6|1<<8|CommandIntDisable)
	s.DefineClear(RegStatus, 2, 0xF900)
	s.Define(regRevision, 4, id.Class<<8|uint32(id.Revision), 0)
	s.Define(regSubsystem, 4, uint32(id.SubsystemDevice)<<16|uint32(id.SubsystemVendor), 0)
	s.Define(RegInterruptLine, 1, 0, 0xFF)
	s.Define(regInterruptPin, 1, uint32(id.InterruptPin), 0)
	return s
}

// Define sets the value at reset and the writable bits of the size-byte
// register reg.
func (s *Space) Define(reg uint8, size int, reset, writable uint32) {
	for i := range size {
		at := int(reg) + i
		s.reset[at] = byte(reset >> (8 * i))
		s.mask[at] = byte(writable >> (8 * i))
		s.bytes[at] = s.reset[at]
	}
}

// DefineClear sets the bits of the size-byte register reg that writing a one clears.
func (s *Space) DefineClear(reg uint8, size int, bits uint32) {
	for i := range size {
		s.clear[int(reg)+i] = byte(bits >> (8 * i))
	}
}

// DefineBAR makes base address register n, 0 to 5, decode size bytes, a power
// of two of at least 4 for I/O and 16 for memory. A 64-bit one takes the next
// register too. It panics on a size or place that PCI does not have.
func (s *Space) DefineBAR(n int, kind BARKind, size uint64) {
	least := uint64(16)
	if kind == BARIO {
		least = 4
	}
	if n == 5 && kind&BARMemory64 != 0 || size < least || bits.OnesCount64(size) != 1 || size > 1<<31 && kind&BARMemory64 == 0 {
		panic(fmt.Sprintf("BAR %d cannot be %#x bytes of kind %d", n, size, kind))
	}
	writable := -size
	s.Define(uint8(regBAR+4*n), 4, uint32(kind), uint32(writable))
	if kind&BARMemory64 != 0 {
		s.Define(uint8(regBAR+4*n+4), 4, 0, uint32(writable>>32))
	}
}

// BAR returns the address that base address register n holds, and whether the
// command register lets the function answer there.
func (s *Space) BAR(n int) (address uint64, enabled bool) {
	low := s.get(regBAR + 4*n)
	if BARKind(low&1) == BARIO {
		return uint64(low &^ 3), s.Command()&CommandIO != 0
	}
	address = uint64(low &^ 0xF)
	if BARKind(low)&BARMemory64 != 0 {
		address |= uint64(s.get(regBAR+4*n+4)) << 32
	}
	return address, s.Command()&CommandMemory != 0
}

// Command returns the command register.
func (s *Space) Command() uint16 { return uint16(s.get(RegCommand)) }

// SetStatus sets bits of the status register on the device's behalf.
func (s *Space) SetStatus(bits uint16) {
	s.bytes[RegStatus] |= byte(bits)
	s.bytes[RegStatus+1] |= byte(bits >> 8)
}

func (s *Space) get(reg int) uint32 { return binary.LittleEndian.Uint32(s.bytes[reg:]) }

// ConfigRead reads size bytes at reg; bytes beyond the end are zero.
func (s *Space) ConfigRead(reg uint8, size int) uint32 {
	var value uint32
	for i := 0; i < size && int(reg)+i < len(s.bytes); i++ {
		value |= uint32(s.bytes[int(reg)+i]) << (8 * i)
	}
	return value
}

// ConfigWrite writes size bytes at reg, as far as they are writable.
func (s *Space) ConfigWrite(reg uint8, size int, value uint32) {
	for i := 0; i < size && int(reg)+i < len(s.bytes); i++ {
		at, v := int(reg)+i, byte(value>>(8*i))
		s.bytes[at] = (s.bytes[at]&^s.mask[at] | v&s.mask[at]) &^ (v & s.clear[at])
	}
}

// ResetConfig gives every register its value at reset.
func (s *Space) ResetConfig() { s.bytes = s.reset }

// SaveConfig returns the bytes. What they allow to be written is the device's
// definition and not saved.
func (s *Space) SaveConfig() []byte { return devices.EncodeState(spaceVersion, &s.bytes) }

// NewState implements devices.Device for a function whose state is SaveConfig's.
func (s *Space) NewState() any { return new(struct{ Config [256]byte }) }

// LoadConfig restores SaveConfig's bytes for the named device. Bytes whose
// read-only part is not this function's are a *devices.StateError.
func (s *Space) LoadConfig(device string, blob []byte) error {
	var bytes [256]byte
	if err := devices.DecodeState(device, blob, spaceVersion, &bytes); err != nil {
		return err
	}
	for i, b := range bytes {
		fixed := ^(s.mask[i] | s.clear[i])
		if i == RegStatus { // the device itself may set status bits
			fixed = 0
		}
		if (b^s.reset[i])&fixed != 0 {
			return &devices.StateError{Device: device, Reason: fmt.Sprintf(
				"byte %#x of its configuration space is %#x, but its read-only bits are %#x", i, b, s.reset[i]&fixed)}
		}
	}
	s.bytes = bytes
	return nil
}
