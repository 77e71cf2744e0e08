// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"cmp"
	"slices"
)

// ORC is the kernel's own description of its stack frames (the kernel's
// Documentation/arch/x86/orc-unwinder.rst): .orc_unwind_ip has addresses, each the
// distance from the entry to it, and .orc_unwind says with 6 bytes each how the
// caller's frame is found from there on: two offsets of 16 bits, then, from the
// lowest bit on, two numbers of 4 bits for the registers that they belong to, a
// type, and flags (arch/x86/include/asm/orc_types.h).

// frameKind says where a frame has the return address.
type frameKind int

const (
	frameUnknown frameKind = iota
	frameEnd               // nowhere: it is the outermost one
	frameCall              // right below the frame's end
	frameRegs              // in a struct pt_regs, with all registers
	frameIret              // in what the processor pushes for an interrupt
)

// base is what an offset in ORC belongs to; registers have their DWARF numbers.
type base int

const (
	baseAX, baseDX, baseDI, baseBP, baseSP, baseR10, baseR13 base = 0, 1, 5, 6, 7, 10, 13

	baseNone       base = 100 + iota // the register has not changed
	basePrevSP                       // the frame's end
	baseBPIndirect                   // what is in memory at RBP + offset
	baseSPIndirect                   // what is in memory at RSP, + offset
)

// frame is how to find the caller from an address on, until the next frame's.
type frame struct {
	addr         uint64 // as linked
	kind         frameKind
	end, bp      base // from where the frame's end, or what its kind says, and the caller's RBP are found
	endAt, bpAt  int64
	isTerminator bool
}

// orcForm is how a version packs what is no offset.
type orcForm struct {
	bases []base
	types []frameKind
	// typical is what most entries have: the end relative to RSP, a call.
	typical uint16
}

const orcTypical = 0x70f // the bits of an entry that tell the forms apart

var (
	oldBases = []base{baseNone, basePrevSP, baseDX, baseDI, baseBP, baseSP, baseR10, baseR13, baseBPIndirect, baseSPIndirect}
	newBases = []base{baseNone, baseAX, baseDX, baseSP, baseBP, baseDI, baseR10, baseR13, basePrevSP, baseSPIndirect, baseBPIndirect}

	newTypes = []frameKind{frameUnknown, frameEnd, frameCall, frameRegs, frameIret}

	orcForms = []orcForm{
		// 4.14 to 6.3; bits 2 and 3 of the type are the flags signal and end.
		{oldBases, []frameKind{frameCall, frameRegs, frameIret, frameUnknown}, 0x005},
		{oldBases, newTypes, 0x205}, // from 6.4 on
		{newBases, newTypes, 0x203}, // from 6.19 on
	}
)

// frames reads the kernel's frames, by ascending address, and the form that its modules
// have too; none if it has no ORC or a form of it that is not known.
func (img *image) frames() ([]frame, orcForm) {
	addrs, ips := img.sectionData(".orc_unwind_ip")
	_, entries := img.sectionData(".orc_unwind")
	n := len(ips) / 4
	if n == 0 || len(entries)/6 < n {
		return nil, orcForm{}
	}
	form, ok := orcFormOf(entries[:6*n])
	if !ok {
		return nil, orcForm{}
	}
	return within(form.frames(addrs, ips[:4*n], entries), img.low, img.high), form
}

// frames decodes .orc_unwind_ip, which is at an address, and as many entries of
// .orc_unwind. They ascend.
func (form orcForm) frames(addrs uint64, ips, entries []byte) []frame {
	list := make([]frame, len(ips)/4)
	for i := range list {
		list[i] = form.frame(entries[6*i:])
		list[i].addr = addrs + uint64(4*i) + uint64(int64(int32(le.Uint32(ips[4*i:]))))
	}
	// Of those at one address the last counts; terminators fill gaps and give way.
	slices.SortStableFunc(list, func(a, b frame) int {
		switch {
		case a.addr != b.addr:
			return cmp.Compare(a.addr, b.addr)
		case a.isTerminator == b.isTerminator:
			return 0
		case a.isTerminator:
			return -1
		}
		return 1
	})
	kept := list[:0]
	for i, f := range list {
		if i+1 == len(list) || list[i+1].addr != f.addr {
			kept = append(kept, f)
		}
	}
	return kept
}

// within returns those of ascending frames that lie in [low, high).
func within(frames []frame, low, high uint64) []frame {
	at := func(addr uint64) int {
		i, _ := slices.BinarySearchFunc(frames, addr, func(f frame, addr uint64) int { return cmp.Compare(f.addr, addr) })
		return i
	}
	return frames[at(low):at(high)]
}

// orcFormOf finds out the form by what most of its entries are.
func orcFormOf(entries []byte) (orcForm, bool) {
	for _, form := range orcForms {
		count := 0
		for at := 0; at < len(entries); at += 6 {
			if le.Uint16(entries[at+4:])&orcTypical == form.typical {
				count++
			}
		}
		if count > len(entries)/6/2 {
			return form, true
		}
	}
	return orcForm{}, false
}

// frame decodes an entry.
func (form orcForm) frame(b []byte) frame {
	flags := le.Uint16(b[4:])
	at := func(table []base, i uint16) base {
		if int(i) < len(table) {
			return table[i]
		}
		return baseNone
	}
	f := frame{
		end: at(form.bases, flags&15), endAt: int64(int16(le.Uint16(b))),
		bp: at(form.bases, flags>>4&15), bpAt: int64(int16(le.Uint16(b[2:]))),
	}
	kind := int(flags >> 8 & 7)
	if len(form.types) == 4 { // two bits, then flags
		kind &= 3
	}
	if kind < len(form.types) {
		f.kind = form.types[kind]
	}
	if f.end == baseNone && f.kind != frameEnd {
		f.kind = frameUnknown
		if len(form.types) == 4 && flags>>10&3 != 0 {
			f.kind = frameEnd
		}
	}
	f.isTerminator = f.kind == frameUnknown
	return f
}

// sectionData returns a section's address and what the file has of it.
func (img *image) sectionData(name string) (addr uint64, data []byte) {
	for _, sec := range img.sections {
		if sec.name != name {
			continue
		}
		for _, s := range img.segments {
			if sec.addr >= s.addr && sec.addr-s.addr <= uint64(len(s.data)) && sec.size <= uint64(len(s.data))-(sec.addr-s.addr) {
				return sec.addr, s.data[sec.addr-s.addr:][:sec.size]
			}
		}
	}
	return 0, nil
}
