// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

// dsdt assembles the differentiated system description: the sleeping state S5,
// the processor, the PCI bus and what is on the board.
func (c *Config) dsdt() aml {
	devices := []aml{
		device("CPU0",
			name("_HID", text("ACPI0007")),
			name("_UID", integer(processorUID))),
	}
	var isa []aml
	for _, d := range c.Devices {
		isa = append(isa, d.aml())
	}
	isa = append(isa, c.boardRegisters())
	if c.PCI != nil {
		isa = []aml{c.PCI.aml(isa)}
	}
	return concat(
		name("_S5_", pack(integer(uint64(c.SleepS5)), integer(0), integer(0), integer(0))),
		scope("_SB_", append(devices, isa...)...),
	)
}

// aml assembles an ISA device.
func (d *Device) aml() aml {
	var crs [][]byte
	for _, r := range d.Ports {
		crs = append(crs, ioPorts(r))
	}
	for _, n := range d.IRQs {
		crs = append(crs, irq(n))
	}
	return device(d.Name,
		name("_HID", eisaID(d.HID)),
		name("_UID", integer(uint64(d.UID))),
		name("_CRS", resources(crs...)))
}

// boardRegisters reserves the ports of the fixed hardware, which is no device
// (PNP0C02, motherboard resources).
func (c *Config) boardRegisters() aml {
	ports := [][]byte{
		ioPorts(PortRange{c.PM1Event, pm1EventLen}),
		ioPorts(PortRange{c.PM1Control, pm1ControlLen}),
		ioPorts(PortRange{c.PMTimer, pmTimerLen}),
	}
	if c.GPE0 != 0 {
		ports = append(ports, ioPorts(PortRange{c.GPE0, c.GPE0Len}))
	}
	return device("MBRD",
		name("_HID", eisaID("PNP0C02")),
		name("_UID", integer(0)),
		name("_CRS", resources(ports...)))
}

// aml assembles the host bridge with the ISA devices below it.
func (p *PCI) aml(isa []aml) aml {
	crs := resources(
		wordSpace(spaceBus, 0, 0),
		ioPorts(PortRange{p.ConfigPort, 8}),
		wordSpace(spaceIO, 0, p.ConfigPort-1),
		wordSpace(spaceIO, p.ConfigPort+8, 0xFFFF),
		dwordMemory(Window{0xA0000, 0xBFFFF}, true),
		dwordMemory(p.Memory, false),
	)
	terms := []aml{
		name("_HID", eisaID("PNP0A03")),
		name("_BBN", integer(0)),
		name("_UID", integer(0)),
		name("_CRS", crs),
	}
	if p.IRQs != [4]uint8{} {
		terms = append(terms, name("_PRT", p.routing()))
	}
	return device("PCI0", append(terms, isa...)...)
}

// routing assembles the _PRT (ACPI 6.5, 6.2.13): pin p of slot n is hardwired
// to interrupt (n+p) mod 4.
func (p *PCI) routing() aml {
	var entries []aml
	for slot := range int(p.Slots) {
		for pin := range 4 {
			entries = append(entries, pack(
				integer(uint64(slot)<<16|0xFFFF), // any function
				integer(uint64(pin)),
				integer(0), // no link device: the next is an interrupt number
				integer(uint64(p.IRQs[(slot+pin)%4]))))
		}
	}
	return pack(entries...)
}
