// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import "encoding/binary"

const headerLen = 36

// table puts the header before the body of a system description table
// (ACPI 6.5, 5.2.6) and makes its bytes sum up to zero.
func table(signature string, revision uint8, body []byte) []byte {
	t := append([]byte(nil), signature...)
	t = binary.LittleEndian.AppendUint32(t, uint32(headerLen+len(body)))
	t = append(t, revision, 0)
	t = append(t, "VMRR  "...)   // OEM ID
	t = append(t, "VMRRPC  "...) // OEM table ID
	t = binary.LittleEndian.AppendUint32(t, 1)
	t = append(t, "VMRR"...) // creator ID and revision
	t = binary.LittleEndian.AppendUint32(t, 1)
	t = append(t, body...)
	t[9] = checksum(t)
	return t
}

// checksum returns the byte that, added to data, makes the sum zero.
func checksum(data []byte) byte {
	var sum byte
	for _, b := range data {
		sum -= b
	}
	return sum
}

// rsdp assembles the root pointer, revision 2 (ACPI 6.5, 5.2.5.3).
func rsdp(rsdt, xsdt uint64) []byte {
	t := []byte("RSD PTR \x00VMRR  \x02")
	t = binary.LittleEndian.AppendUint32(t, uint32(rsdt))
	t = binary.LittleEndian.AppendUint32(t, rsdpLen)
	t = binary.LittleEndian.AppendUint64(t, xsdt)
	t = append(t, 0, 0, 0, 0)
	t[8] = checksum(t[:20]) // as of ACPI 1.0
	t[32] = checksum(t)
	return t
}

const rsdpLen = 36

// rsdt and xsdt assemble the lists of tables, with 32 and 64-bit pointers
// (ACPI 6.5, 5.2.7 and 5.2.8).
func rsdt(tables ...uint64) []byte {
	var body []byte
	for _, at := range tables {
		body = binary.LittleEndian.AppendUint32(body, uint32(at))
	}
	return table("RSDT", 1, body)
}

func xsdt(tables ...uint64) []byte {
	var body []byte
	for _, at := range tables {
		body = binary.LittleEndian.AppendUint64(body, at)
	}
	return table("XSDT", 1, body)
}

// facs assembles the firmware control structure, which has no checksum and
// which the guest writes to (ACPI 6.5, 5.2.10). Its address is a multiple of 64.
func facs() []byte {
	t := make([]byte, facsLen)
	copy(t, "FACS")
	t[4] = facsLen
	t[32] = 2 // version
	return t
}

const facsLen = 64
