// SPDX-License-Identifier: GPL-2.0-or-later

package pc

import (
	"github.com/vmrr/vmrr/devices/acpipm"
	"github.com/vmrr/vmrr/devices/apic"
	"github.com/vmrr/vmrr/devices/i8042"
	"github.com/vmrr/vmrr/devices/pci"
	"github.com/vmrr/vmrr/devices/pic"
	"github.com/vmrr/vmrr/devices/pit"
	"github.com/vmrr/vmrr/devices/rtc"
	"github.com/vmrr/vmrr/devices/serial"
	"github.com/vmrr/vmrr/images/acpi"
	"github.com/vmrr/vmrr/images/linux"
)

// ISA interrupt requests of the board, and their inputs at the IO-APIC.
const (
	irqTimer    = 0
	irqKeyboard = 1
	irqCascade  = 2
	irqCOM2     = 3
	irqCOM1     = 4
	irqRTC      = 8
	irqSCI      = 9
	irqMouse    = 12
	isaIRQs     = 16

	gsiTimer = 2 // IRQ 0 is wired to input 2, as on every PC
	ioAPICID = 1

	com1 = 0x3f8
	com2 = 0x2f8

	cmosCentury = 0x32
)

// acpiConfig tells the tables what the board is wired like.
func acpiConfig() acpi.Config {
	return acpi.Config{
		Base: biosStart, Size: biosEnd - biosStart,
		LocalAPIC: apic.LocalBase, IOAPIC: apic.IOAPICBase, IOAPICID: ioAPICID,
		Overrides: []acpi.Override{{IRQ: irqTimer, GSI: gsiTimer}, {IRQ: irqSCI, GSI: irqSCI, Level: true}},
		SCI:       irqSCI,
		PM1Event:  acpipm.DefaultBase + acpipm.Event, PM1Control: acpipm.DefaultBase + acpipm.Control,
		PMTimer: acpipm.DefaultBase + acpipm.Timer,
		GPE0:    acpipm.DefaultBase + acpipm.GPE0, GPE0Len: acpipm.GPE0Len,
		SleepS5:   acpipm.SleepS5,
		ResetPort: pci.PortReset, ResetValue: pci.ResetHard,
		Century: cmosCentury,
		Devices: []acpi.Device{
			{Name: "PIC_", HID: "PNP0000", IRQs: []uint8{irqCascade}, Ports: []acpi.PortRange{
				{First: pic.MasterPort, Count: pic.Ports}, {First: pic.SlavePort, Count: pic.Ports}, {First: pic.ELCRPort, Count: pic.Ports}}},
			{Name: "TIMR", HID: "PNP0100", IRQs: []uint8{irqTimer}, Ports: []acpi.PortRange{{First: pit.Port, Count: pit.Ports}}},
			{Name: "RTC_", HID: "PNP0B00", IRQs: []uint8{irqRTC}, Ports: []acpi.PortRange{{First: rtc.Port, Count: rtc.Ports}}},
			{Name: "KBD_", HID: "PNP0303", IRQs: []uint8{irqKeyboard}, Ports: []acpi.PortRange{
				{First: i8042.DataPort, Count: 1}, {First: i8042.StatusPort, Count: 1}}},
			{Name: "COM1", HID: "PNP0501", UID: 1, IRQs: []uint8{irqCOM1}, Ports: []acpi.PortRange{{First: com1, Count: serial.Ports}}},
			{Name: "COM2", HID: "PNP0501", UID: 2, IRQs: []uint8{irqCOM2}, Ports: []acpi.PortRange{{First: com2, Count: serial.Ports}}},
		},
		PCI: &acpi.PCI{ConfigPort: pci.PortAddress, Memory: acpi.Window{First: pciFirst, Last: pciLast}, Slots: 8},
	}
}

// e820 is the memory map that a BIOS would report.
func (c *Config) e820() []linux.Range {
	low := min(c.RAM, lowRAMMax)
	rs := []linux.Range{
		{Start: 0, Size: ebda, Type: linux.RangeRAM},
		{Start: ebda, Size: vgaStart - ebda, Type: linux.RangeReserved},
		{Start: biosStart, Size: biosEnd - biosStart, Type: linux.RangeReserved},
		{Start: MiB, Size: low - MiB, Type: linux.RangeRAM},
	}
	if c.RAM > low {
		rs = append(rs, linux.Range{Start: highRAM, Size: c.RAM - low, Type: linux.RangeRAM})
	}
	return rs
}
