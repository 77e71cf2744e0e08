// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import "fmt"

// Tables is what a board copies into guest memory. The guest writes to it (the
// FACS), so it must be RAM; the memory map reports it as reserved.
type Tables struct {
	Base  uint64 // physical address of Bytes
	Bytes []byte
	RSDP  uint64 // physical address of the root pointer
}

// Build assembles the tables of a board. The same Config gives the same bytes.
func Build(c Config) (Tables, error) {
	if err := c.check(); err != nil {
		return Tables{}, fmt.Errorf("building the ACPI tables: %w", err)
	}
	l := layout{base: c.Base}
	root := l.add(make([]byte, rsdpLen), 16) // first, where a search finds it; filled in last
	control := l.add(facs(), 64)
	differentiated := l.add(table("DSDT", 2, c.dsdt()), 16)
	fixed := l.add(c.fadt(control, differentiated), 16)
	controllers := l.add(c.madt(), 16)
	list32 := l.add(rsdt(fixed, controllers), 16)
	list64 := l.add(xsdt(fixed, controllers), 16)
	copy(l.bytes[root-c.Base:], rsdp(list32, list64))
	if len(l.bytes) > c.Size {
		return Tables{}, fmt.Errorf("building the ACPI tables: they take %d bytes at %#x; there are %d", len(l.bytes), c.Base, c.Size)
	}
	return Tables{Base: c.Base, Bytes: l.bytes, RSDP: root}, nil
}

// layout places tables one after another.
type layout struct {
	base  uint64
	bytes []byte
}

// add places t at the next multiple of align and returns its physical address.
func (l *layout) add(t []byte, align int) uint64 {
	for len(l.bytes)%align != 0 {
		l.bytes = append(l.bytes, 0)
	}
	at := l.base + uint64(len(l.bytes))
	l.bytes = append(l.bytes, t...)
	return at
}

// check finds the mistakes that would make tables no guest can read.
func (c *Config) check() error {
	switch {
	case c.Base%64 != 0 || c.Base+uint64(c.Size) > 1<<32:
		return fmt.Errorf("%d bytes at %#x: the address must be a multiple of 64 and the end below 4 GiB", c.Size, c.Base)
	case c.SleepS5 > 7:
		return fmt.Errorf("SLP_TYP %d of S5 is out of range: want 0..7", c.SleepS5)
	case c.SCI > 15:
		return fmt.Errorf("SCI %d is no ISA IRQ: want 0..15", c.SCI)
	case c.PCI != nil && c.PCI.Slots > 32:
		return fmt.Errorf("%d PCI slots: want at most 32", c.PCI.Slots)
	}
	for _, d := range c.Devices {
		if !validSegment(d.Name) {
			return fmt.Errorf("device name %q is not four characters of A-Z, 0-9 and _", d.Name)
		}
		for _, n := range d.IRQs {
			if n > 15 {
				return fmt.Errorf("device %s has IRQ %d: want 0..15", d.Name, n)
			}
		}
	}
	if c.PCI != nil {
		for _, n := range c.PCI.IRQs {
			if n > 15 {
				return fmt.Errorf("PCI interrupt %d: want 0..15", n)
			}
		}
	}
	return nil
}
