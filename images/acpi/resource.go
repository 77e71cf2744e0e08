// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import "encoding/binary"

// resources makes the buffer of a _CRS from descriptors: the end tag follows
// them, with a checksum of zero, which means that none was computed (ACPI 6.5,
// 6.4.2.9).
func resources(descriptors ...[]byte) aml {
	var data []byte
	for _, d := range descriptors {
		data = append(data, d...)
	}
	return buffer(append(data, 0x79, 0))
}

// ioPorts describes a fixed range of I/O ports, decoded in 16 bits (ACPI 6.5, 6.4.2.5).
func ioPorts(r PortRange) []byte {
	lo, hi := byte(r.First), byte(r.First>>8)
	return []byte{0x47, 1, lo, hi, lo, hi, 1, r.Count}
}

// irq describes an ISA interrupt: edge-triggered, active high, not shared,
// which is what the form without flags means (ACPI 6.5, 6.4.2.1).
func irq(n uint8) []byte {
	return binary.LittleEndian.AppendUint16([]byte{0x22}, 1<<n)
}

// Resource types of an address space descriptor (ACPI 6.5, 6.4.3.5).
const (
	spaceMemory = 0
	spaceIO     = 1
	spaceBus    = 2
)

// Flags of an address space descriptor: what it describes is handed on to the
// bus below (resource producer), and both ends are fixed.
const spaceFixedRange = 1<<2 | 1<<3

// wordSpace describes the range first to last of I/O ports or bus numbers.
func wordSpace(kind byte, first, last uint16) []byte {
	var typeFlags byte
	if kind == spaceIO {
		typeFlags = 3 // the entire range: ISA and non-ISA ports
	}
	d := []byte{0x88, 13, 0, kind, spaceFixedRange, typeFlags}
	// A range of all 65,536 ports would not fit the length; nobody hands on that many.
	for _, v := range []uint16{0, first, last, 0, last - first + 1} {
		d = binary.LittleEndian.AppendUint16(d, v)
	}
	return d
}

// dwordMemory describes the range w of writable memory; it may be cached if
// cacheable, which frame buffers are.
func dwordMemory(w Window, cacheable bool) []byte {
	typeFlags := byte(1)
	if cacheable {
		typeFlags |= 1 << 1
	}
	d := []byte{0x87, 23, 0, spaceMemory, spaceFixedRange, typeFlags}
	for _, v := range []uint32{0, w.First, w.Last, 0, w.Last - w.First + 1} {
		d = binary.LittleEndian.AppendUint32(d, v)
	}
	return d
}
