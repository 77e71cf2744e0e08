// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"sort"
)

// Sizes of ELF structures, in bytes (System V ABI, "Object Files").
const (
	ehdrSize = 64
	shdrSize = 64
	symSize  = 24
)

// WriteELF writes an ELF file with the symbols, the kernel's sections and how to
// unwind its stack, all moved by slide bytes. The sections have no contents: a debugger reads code from
// the machine, where the kernel has patched it, and not from the file.
func WriteELF(w io.Writer, slide uint64, t *Table) error {
	f := file{table: t, slide: slide, shstrtab: []byte{0}, strtab: []byte{0}}
	f.section(elf.Section64{})
	for _, s := range t.image.sections {
		f.section(elf.Section64{Name: f.name(s.name), Type: uint32(elf.SHT_NOBITS),
			Flags: uint64(s.flags & (elf.SHF_WRITE | elf.SHF_ALLOC | elf.SHF_EXECINSTR)),
			Addr:  s.addr + slide, Off: ehdrSize, Size: s.size, Addralign: 1})
	}
	symtab, locals := f.symbols()
	at := uint64(ehdrSize)
	place := func(h elf.Section64, size int) {
		h.Off, h.Size = at, uint64(size)
		at += uint64(size)
		f.section(h)
	}
	strings := uint32(len(f.headers) + 1)
	place(elf.Section64{Name: f.name(".symtab"), Type: uint32(elf.SHT_SYMTAB), Link: strings, Info: uint32(locals),
		Addralign: 8, Entsize: symSize}, len(symtab))
	place(elf.Section64{Name: f.name(".strtab"), Type: uint32(elf.SHT_STRTAB), Addralign: 1}, len(f.strtab))
	frames := debugFrame(t.frames, t.image.high, slide)
	place(elf.Section64{Name: f.name(".debug_frame"), Type: uint32(elf.SHT_PROGBITS), Addralign: 1}, len(frames))
	own := f.name(".shstrtab")
	place(elf.Section64{Name: own, Type: uint32(elf.SHT_STRTAB), Addralign: 1}, len(f.shstrtab))
	pad := -at & 7
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Entry: t.image.sections[0].addr + slide, // gdb wants it in a section
		Shoff: at + pad, Ehsize: ehdrSize, Shentsize: shdrSize, Shnum: uint16(len(f.headers)), Shstrndx: uint16(len(f.headers) - 1),
	}
	for _, part := range []any{header, symtab, f.strtab, frames, f.shstrtab, make([]byte, pad), f.headers} {
		if err := binary.Write(w, le, part); err != nil {
			return fmt.Errorf("writing the symbols: %w", err)
		}
	}
	return nil
}

// file is an ELF file in the making.
type file struct {
	table            *Table
	slide            uint64
	headers          []elf.Section64
	shstrtab, strtab []byte
}

func (f *file) section(h elf.Section64) { f.headers = append(f.headers, h) }

// name adds the name of a section.
func (f *file) name(s string) uint32 {
	at := len(f.shstrtab)
	f.shstrtab = append(append(f.shstrtab, s...), 0)
	return uint32(at)
}

// symbols makes the symbol table, the local ones first as ELF wants them, and
// returns how many those are.
func (f *file) symbols() (symtab []byte, locals int) {
	var local, others bytes.Buffer
	local.Write(make([]byte, symSize)) // number 0 is none
	all := f.table.symbols
	for i, s := range all {
		sym := elf.Sym64{Name: uint32(len(f.strtab)), Value: s.Addr, Shndx: uint16(elf.SHN_ABS)}
		f.strtab = append(append(f.strtab, s.Name...), 0)
		if sec := f.table.image.sectionOf(s.Addr); sec >= 0 {
			sym.Shndx = uint16(sec + 1)
			sym.Value += f.slide
			// gdb prefers names that have a size: of each address, the first.
			if f.table.firstAlias(i) == i {
				sym.Size = f.table.size(i, f.table.image.sections[sec])
			}
		}
		bind, to := elf.STB_GLOBAL, &others
		switch {
		case bytes.IndexByte([]byte("wWvV"), s.Type) >= 0:
			bind = elf.STB_WEAK
		case s.Type >= 'a':
			bind, to = elf.STB_LOCAL, &local
		}
		typ := elf.STT_OBJECT
		switch s.Type {
		case 't', 'T', 'w', 'W':
			typ = elf.STT_FUNC
		}
		sym.Info = elf.ST_INFO(bind, typ)
		binary.Write(to, le, sym) // a Buffer does not fail
	}
	return append(local.Bytes(), others.Bytes()...), local.Len() / symSize
}

// sectionOf returns the number of the section in which an address, as linked,
// lies. What marks a section's end belongs to it. -1 is none.
func (img *image) sectionOf(addr uint64) int {
	if addr < img.low || addr > img.high {
		return -1
	}
	return sort.Search(len(img.sections), func(i int) bool { return img.sections[i].addr > addr }) - 1
}

// size is the distance from a symbol to the next one, or to the section's end.
func (t *Table) size(i int, in section) uint64 {
	end := in.addr + in.size
	for _, next := range t.symbols[i+1:] {
		if next.Addr > t.symbols[i].Addr {
			end = min(end, next.Addr)
			break
		}
	}
	return max(end, t.symbols[i].Addr) - t.symbols[i].Addr
}
