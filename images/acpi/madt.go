// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import "encoding/binary"

// processorUID ties the processor of the MADT to its device in the DSDT.
const processorUID = 0

// Flags of interrupts in the MADT (ACPI 6.5, 5.2.12.5).
const (
	intiHigh  = 1
	intiEdge  = 1 << 2
	intiLevel = 3 << 2
)

// madt assembles the table of interrupt controllers (ACPI 6.5, 5.2.12): one
// processor, one IO-APIC from GSI 0, the overrides, and NMI on LINT1.
func (c *Config) madt() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, c.LocalAPIC)
	b = le.AppendUint32(b, 1) // there are 8259s too

	b = append(b, 0, 8, processorUID, c.APICID) // processor local APIC
	b = le.AppendUint32(b, 1)                   // enabled

	b = append(b, 1, 12, c.IOAPICID, 0) // IO-APIC
	b = le.AppendUint32(b, c.IOAPIC)
	b = le.AppendUint32(b, 0) // its first GSI

	for _, o := range c.Overrides {
		flags := uint16(intiHigh | intiEdge)
		if o.Level {
			flags = intiHigh | intiLevel
		}
		b = append(b, 2, 10, 0, o.IRQ) // interrupt source override; bus 0 is ISA
		b = le.AppendUint32(b, o.GSI)
		b = le.AppendUint16(b, flags)
	}

	b = append(b, 4, 6, 0xFF) // local APIC NMI, of all processors, on LINT1
	b = le.AppendUint16(b, intiHigh|intiEdge)
	b = append(b, 1)
	return table("APIC", 3, b)
}
