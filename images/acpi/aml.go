// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// aml is a piece of ACPI Machine Language (ACPI 6.5, 20.2). The functions below
// each encode one term, and nest as the ASL they stand for does.
type aml []byte

// AML opcodes (ACPI 6.5, 20.2.5).
const (
	opZero   = 0x00
	opOne    = 0x01
	opName   = 0x08
	opByte   = 0x0A
	opWord   = 0x0B
	opDWord  = 0x0C
	opString = 0x0D
	opQWord  = 0x0E
	opScope  = 0x10
	opBuffer = 0x11
	opPack   = 0x12
	opDevice = 0x82 // after opExt
	opExt    = 0x5B
)

// concat joins terms.
func concat(terms ...aml) aml {
	var all aml
	for _, t := range terms {
		all = append(all, t...)
	}
	return all
}

// integer encodes a constant in as few bytes as it takes.
func integer(n uint64) aml {
	switch {
	case n == 0:
		return aml{opZero}
	case n == 1:
		return aml{opOne}
	case n < 1<<8:
		return aml{opByte, byte(n)}
	case n < 1<<16:
		return binary.LittleEndian.AppendUint16(aml{opWord}, uint16(n))
	case n < 1<<32:
		return binary.LittleEndian.AppendUint32(aml{opDWord}, uint32(n))
	}
	return binary.LittleEndian.AppendUint64(aml{opQWord}, n)
}

// text encodes a string of ASCII characters.
func text(s string) aml { return append(append(aml{opString}, s...), 0) }

// eisaID encodes a PNP ID of three letters and four hexadecimal digits as the
// integer that _HID wants (ACPI 6.5, 19.6, EISAID), and other IDs as strings.
func eisaID(id string) aml {
	var vendor [3]byte
	var product uint16
	if n, err := fmt.Sscanf(id, "%c%c%c%04X", &vendor[0], &vendor[1], &vendor[2], &product); n != 4 || err != nil || len(id) != 7 {
		return text(id)
	}
	v := uint16(vendor[0]-'@')<<10 | uint16(vendor[1]-'@')<<5 | uint16(vendor[2]-'@')
	return integer(uint64(bits.ReverseBytes32(uint32(v)<<16 | uint32(product))))
}

// length puts the package length before body: it counts its own bytes, and
// keeps four bits in the first of several (ACPI 6.5, 20.2.4).
func length(body aml) aml {
	for extra := 0; extra < 4; extra++ {
		n := len(body) + 1 + extra
		if extra == 0 {
			if n < 1<<6 {
				return append(aml{byte(n)}, body...)
			}
			continue
		}
		if n < 1<<(4+8*extra) {
			head := aml{byte(extra<<6 | n&0xF)}
			for i := range extra {
				head = append(head, byte(n>>(4+8*i)))
			}
			return append(head, body...)
		}
	}
	panic(fmt.Sprintf("an AML package of %d bytes is longer than 2^28", len(body)))
}

// pack encodes a package of elements.
func pack(elements ...aml) aml {
	body := append(aml{byte(len(elements))}, concat(elements...)...)
	return append(aml{opPack}, length(body)...)
}

// buffer encodes bytes.
func buffer(data []byte) aml {
	return append(aml{opBuffer}, length(append(integer(uint64(len(data))), data...))...)
}

// name gives an object a name of four characters.
func name(seg string, object aml) aml {
	return concat(aml{opName}, segment(seg), object)
}

// scope opens a scope that exists: terms are put into it.
func scope(seg string, terms ...aml) aml {
	return append(aml{opScope}, length(append(segment(seg), concat(terms...)...))...)
}

// device makes a device with terms in it.
func device(seg string, terms ...aml) aml {
	return append(aml{opExt, opDevice}, length(append(segment(seg), concat(terms...)...))...)
}

// segment encodes a name of four characters, relative to the scope it is in.
func segment(s string) aml {
	if !validSegment(s) {
		panic(fmt.Sprintf("%q is no AML name of four characters", s))
	}
	return aml(s)
}

// validSegment reports whether s is a name of four characters (ACPI 6.5, 20.2.2).
func validSegment(s string) bool {
	for i, c := range []byte(s) {
		if !(c == '_' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return len(s) == 4
}
