// SPDX-License-Identifier: GPL-2.0-or-later

// Package acpi builds the ACPI tables of a PC as bytes for guest memory: RSDP,
// RSDT, XSDT, FADT, FACS, MADT and a DSDT assembled from a small AML encoder
// (ACPI 6.5, 5.2 and 20.2). What the tables say of the board comes from Config
// alone, which the board fills from the same values that it wires.
package acpi

// Config is what the tables tell of a board. Ports and addresses that are zero
// are absent where a field says so; all others are needed.
type Config struct {
	// Base is the physical address of the tables, a multiple of 64. A BIOS
	// leaves the RSDP where it is searched for: from 0xE0000 to 0xFFFFF.
	Base uint64
	// Size is how many bytes there are from Base.
	Size int

	LocalAPIC uint32 // physical address
	APICID    uint8  // of the one processor
	IOAPIC    uint32 // physical address
	IOAPICID  uint8
	Overrides []Override // ISA interrupts that are not edge, high, GSI = IRQ
	SCI       uint8      // ISA IRQ of the system control interrupt

	PM1Event   uint16 // first port of the 4-port PM1a event block
	PM1Control uint16 // of the 2-port PM1a control block
	PMTimer    uint16 // of the 4-port power management timer, 32 bits wide
	GPE0       uint16 // of the GPE0 block; 0: absent
	GPE0Len    uint8  // ports in the GPE0 block
	SleepS5    uint8  // SLP_TYP of soft off

	ResetPort  uint16 // reset register; 0: absent
	ResetValue uint8
	Century    uint8 // RTC CMOS index of the century; 0: absent
	VGA        bool  // VGA registers may be probed

	Devices []Device // what is soldered on, in the order of its names
	PCI     *PCI     // nil: no PCI bus
}

// Override says how an ISA interrupt reaches the IO-APIC.
type Override struct {
	IRQ   uint8
	GSI   uint32
	Level bool // level-triggered; always active high
}

// Device is an ISA device of the DSDT.
type Device struct {
	Name  string // four characters of A-Z, 0-9, _, not beginning with a digit
	HID   string // such as PNP0501
	UID   uint8  // tells devices of one HID apart
	Ports []PortRange
	IRQs  []uint8 // ISA IRQs, edge-triggered, active high, not shared
}

// PortRange is a fixed range of I/O ports.
type PortRange struct {
	First uint16
	Count uint8
}

// PCI is the PCI host bridge, for configuration mechanism #1.
type PCI struct {
	ConfigPort uint16 // first of the 8 configuration ports: 0xCF8
	Memory     Window // for memory BARs
	// IRQs are the interrupts that the pins INTA# to INTD# of slot 0 reach; the
	// pins of slot n are turned on by n. They must be below 16, so that they
	// are the same in the 8259 and the IO-APIC. All zero: not connected.
	IRQs [4]uint8
	// Slots is the number of device numbers that the routing table covers.
	Slots uint8
}

// Window is a range of physical addresses below 4 GiB.
type Window struct {
	First, Last uint32 // inclusive
}
