// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// transfer answers qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH with a part of a document:
// 'm' and the part, or 'l' and the last part.
func (s *session) transfer(args string) string {
	fields := strings.Split(args, ":") // "", object, "read", annex, "offset,length"
	if len(fields) < 2 {
		return errInvalid
	}
	var document func() string
	switch annex := field(fields, 3); fields[1] {
	case "features":
		if annex == "target.xml" {
			document = func() string { return targetXML(s.view) }
		}
	case "threads":
		if annex == "" {
			document = s.threadsXML
		}
	case "memory-map":
		if s.mapper == nil {
			return unsupported
		}
		if annex == "" {
			document = func() string { return memoryMapXML(s.mapper.MemoryMap()) }
		}
	default:
		return unsupported
	}
	if len(fields) > 2 && fields[2] == "write" {
		return unsupported
	}
	if len(fields) != 5 || fields[2] != "read" {
		return errInvalid
	}
	if document == nil {
		return "E00" // the annex is not valid
	}
	offset, length, ok := parsePair(fields[4])
	if !ok {
		return errInvalid
	}
	if fields[1] == "features" && offset == 0 {
		s.lookAnew()
	}
	return slice(document(), offset, length)
}

func field(fields []string, i int) string {
	if i < len(fields) {
		return fields[i]
	}
	return ""
}

// slice cuts a part out of a document so that it fits a packet, escapes included.
func slice(document string, offset, length uint64) string {
	if offset > uint64(len(document)) {
		return errInvalid
	}
	part := document[offset:]
	end := fitting(part, min(length, maxPacket-1))
	if end == len(part) {
		return "l" + part
	}
	return "m" + part[:end]
}

// fitting returns how many bytes of data fit a number of bytes on the wire.
func fitting(data string, budget uint64) int {
	for i := range len(data) {
		cost := uint64(1)
		if mustEscape(data[i]) {
			cost = 2
		}
		if cost > budget {
			return i
		}
		budget -= cost
	}
	return len(data)
}

// targetXML is the target description ("GDB manual", appendix G). It has no
// includes: a client needs one document only.
func targetXML(v view) string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n")
	fmt.Fprintf(&b, "<architecture>%s</architecture>\n", escape(v.description.Architecture))
	if other := v.description.Compatible; other != "" {
		fmt.Fprintf(&b, "<compatible>%s</compatible>\n", escape(other))
	}
	rest := v.registers
	for _, f := range v.description.Features {
		fmt.Fprintf(&b, "<feature name=\"%s\">\n%s", escape(f.Name), f.Types)
		for _, r := range rest[:len(f.Registers)] {
			fmt.Fprintf(&b, "<reg name=\"%s\" bitsize=\"%d\"", escape(r.Name), r.Bits)
			if r.Type != "" {
				fmt.Fprintf(&b, " type=\"%s\"", escape(r.Type))
			}
			fmt.Fprintf(&b, " regnum=\"%d\"", r.number)
			if r.Group != "" {
				fmt.Fprintf(&b, " group=\"%s\"", escape(r.Group))
			}
			b.WriteString("/>\n")
		}
		rest = rest[len(f.Registers):]
		b.WriteString("</feature>\n")
	}
	b.WriteString("</target>\n")
	return b.String()
}

func memoryMapXML(regions []MemoryRegion) string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\"" +
		" \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n")
	for _, r := range regions {
		kind := "ram"
		if r.ROM {
			kind = "rom"
		}
		fmt.Fprintf(&b, "<memory type=%q start=\"0x%x\" length=\"0x%x\"/>\n", kind, r.Start, r.Length)
	}
	b.WriteString("</memory-map>\n")
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}
