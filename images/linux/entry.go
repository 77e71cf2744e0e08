// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import "encoding/binary"

// Mode is the processor mode in which the kernel is entered.
type Mode int

// The modes.
const (
	Mode32 Mode = 32 // protected mode, paging off
	Mode64 Mode = 64 // long mode, the first 4 GB mapped to themselves
)

// Segment is a segment register with its hidden part.
type Segment struct {
	Selector uint16
	Base     uint64
	Limit    uint32 // bytes, granularity already applied
	// Flags is the upper half of the descriptor with base and limit bits
	// zero: type in 11:8, S 12, DPL 14:13, P 15, L 21, D/B 22, G 23 (Intel
	// SDM vol. 3, 3.4.5).
	Flags uint32
}

// Entry is the processor state in which the kernel starts. What is not named is
// zero: all other general registers (boot.rst asks it of EBX, EBP and EDI), the
// IDT's base and limit, FS, GS, LDTR and TR as null selectors with base 0.
type Entry struct {
	Mode                Mode
	RIP, RSI, RSP       uint64 // RSI is the address of boot_params
	RFLAGS              uint64 // interrupts off
	CR0, CR3, CR4, EFER uint64
	GDTBase             uint64 // the table is in memory
	GDTLimit            uint16
	CS                  Segment
	Data                Segment // for DS, ES and SS
}

// The selectors that boot.rst, "32-bit Boot Protocol", prescribes.
const (
	bootCS = 0x10
	bootDS = 0x18
)

// Descriptors of flat 4 GB segments, accessed bit set.
const (
	codeSegment32 = 0x00cf9b000000ffff
	codeSegment64 = 0x00af9b000000ffff
	dataSegment   = 0x00cf93000000ffff
)

// Control register and EFER bits (Intel SDM vol. 3, 2.5 and 2.2.1).
const (
	cr0PE, cr0ET, cr0NE, cr0PG = 1 << 0, 1 << 4, 1 << 5, 1 << 31
	cr4PAE                     = 1 << 5
	eferLME, eferLMA           = 1 << 8, 1 << 10
	flagsReserved              = 1 << 1 // always set
)

// enter writes the tables for a start at rip and returns the state to start in.
func enter(mem Memory, mode Mode, rip uint64) (Entry, error) {
	code := uint64(codeSegment32)
	if mode == Mode64 {
		code = codeSegment64
	}
	gdt := binary.LittleEndian.AppendUint64(make([]byte, bootCS), code)
	gdt = binary.LittleEndian.AppendUint64(gdt, dataSegment)
	if err := write(mem, "the GDT", gdt, GDTAddress); err != nil {
		return Entry{}, err
	}
	e := Entry{
		Mode:     mode,
		RIP:      rip,
		RSI:      ParamsAddress,
		RSP:      StackTop,
		RFLAGS:   flagsReserved,
		CR0:      cr0PE | cr0ET | cr0NE,
		GDTBase:  GDTAddress,
		GDTLimit: uint16(len(gdt) - 1),
		CS:       flat(bootCS, code),
		Data:     flat(bootDS, dataSegment),
	}
	if mode == Mode64 {
		if err := write(mem, "the page tables", identityTables(), PageTableAddress); err != nil {
			return Entry{}, err
		}
		e.CR0 |= cr0PG
		e.CR3 = PageTableAddress
		e.CR4 = cr4PAE
		e.EFER = eferLME | eferLMA
	}
	return e, nil
}

// flat returns the segment register that holds a flat 4 GB segment.
func flat(selector uint16, descriptor uint64) Segment {
	return Segment{
		Selector: selector,
		Limit:    0xffffffff,
		Flags:    uint32(descriptor>>32) & 0x00f0ff00,
	}
}

// identityTables returns page tables for PageTableAddress that map the first 4
// GB to themselves in pages of 2 MB (Intel SDM vol. 3, 4.5): the 64-bit entry
// wants the kernel, boot_params and the command line mapped so (boot.rst,
// "64-bit Boot Protocol").
func identityTables() []byte {
	const (
		page    = 4096
		present = 1 << 0
		write   = 1 << 1
		large   = 1 << 7
		dirs    = 4 // of 1 GB each
	)
	t := make([]byte, (2+dirs)*page)
	put := func(offset int, entry uint64) { binary.LittleEndian.PutUint64(t[offset:], entry) }
	put(0, PageTableAddress+page|present|write)
	for d := range dirs {
		put(page+8*d, uint64(PageTableAddress+(2+d)*page|present|write))
		for i := range page / 8 {
			put((2+d)*page+8*i, uint64(d)<<30|uint64(i)<<21|present|write|large)
		}
	}
	return t
}
