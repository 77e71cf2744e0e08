// SPDX-License-Identifier: GPL-2.0-or-later

package pci

// Bridge is a function that has registers and no behaviour: software reads what
// it is, and what software writes is kept. How this board decodes memory and
// routes interrupts is fixed, and told to the guest by the ACPI tables.
type Bridge struct {
	*Space
	name string
}

// NewHostBridge returns the Intel 440FX host bridge (82441FX data sheet), which
// belongs at 00:00.0. Its memory attribute registers (PAM) switch nothing:
// from 0xC0000 to 0xFFFFF the board shows the same whatever they say.
func NewHostBridge() *Bridge {
	s := NewSpace(Identity{Vendor: 0x8086, Device: 0x1237, Revision: 0x02, Class: 0x060000})
	s.Define(RegCommand, 2, CommandMemory|CommandBusMaster, 1<<8)
	s.Define(RegStatus, 2, 0x0280, 0)
	s.Define(RegInterruptLine, 1, 0, 0)
	s.Define(0x59, 1, 0, 0x30) // PAM0
	for reg := uint8(0x5A); reg <= 0x5F; reg++ {
		s.Define(reg, 1, 0, 0x33) // PAM1 to PAM6
	}
	s.Define(0x72, 1, 0x02, 0) // SMRAM: there is none to open
	return &Bridge{s, "pci-host-bridge"}
}

// NewISABridge returns the PCI-ISA bridge function of the PIIX3 (82371SB data
// sheet), which belongs at 00:01.0. Its interrupt routing registers are
// kept and route nothing.
func NewISABridge() *Bridge {
	s := NewSpace(Identity{Vendor: 0x8086, Device: 0x7000, Class: 0x060100})
	s.Define(RegCommand, 2, CommandIO|CommandMemory|CommandBusMaster, 1<<8)
	s.Define(RegStatus, 2, 0x0200, 0)
	s.Define(RegInterruptLine, 1, 0, 0)
	s.Define(0x4C, 1, 0x4D, 0x7F)     // I/O recovery time
	s.Define(0x4E, 2, 0x0003, 0x01FF) // X-bus chip select
	for reg := uint8(0x60); reg <= 0x63; reg++ {
		s.Define(reg, 1, 0x80, 0x8F) // PIRQRCA# to PIRQRCD#: not routed
	}
	s.Define(0x69, 1, 0x02, 0xFE) // top of memory
	s.Define(0x82, 1, 0x00, 0x0F) // deterministic latency control
	return &Bridge{s, "pci-isa-bridge"}
}

// Name identifies the device.
func (b *Bridge) Name() string { return b.name }

// Reset gives every register its value at reset.
func (b *Bridge) Reset() { b.ResetConfig() }

// Save returns the configuration space.
func (b *Bridge) Save() []byte { return b.SaveConfig() }

// Load restores a configuration space.
func (b *Bridge) Load(blob []byte) error { return b.LoadConfig(b.name, blob) }
