// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
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
	f := file{sections: t.image.sections, high: t.image.high, list: t.symbols, slide: slide}
	return f.write(w, []frameRun{{t.frames, t.image.high}})
}

// WriteModules writes such a file of modules.
func WriteModules(w io.Writer, modules []Module) error {
	var f file
	var runs []frameRun
	for _, m := range modules {
		for _, r := range m.Ranges {
			flags := elf.SHF_ALLOC | elf.SHF_WRITE
			if r.Code {
				flags = elf.SHF_ALLOC | elf.SHF_EXECINSTR
			}
			f.sections = append(f.sections, section{m.Name + "." + r.Name, r.Addr, r.Size, flags})
			f.high = max(f.high, r.Addr+r.Size-1)
		}
		f.list = append(f.list, m.Symbols...)
		runs = append(runs, m.frames...)
	}
	slices.SortStableFunc(f.sections, func(a, b section) int { return cmp.Compare(a.addr, b.addr) })
	slices.SortStableFunc(f.list, func(a, b Symbol) int { return cmp.Compare(a.Addr, b.Addr) })
	return f.write(w, runs)
}

// file is an ELF file in the making.
type file struct {
	sections         []section // by address
	high             uint64    // the highest address that belongs to one
	list             []Symbol  // by address
	slide            uint64
	headers          []elf.Section64
	shstrtab, strtab []byte
}

// write writes the file.
func (f *file) write(w io.Writer, runs []frameRun) error {
	f.shstrtab, f.strtab = []byte{0}, []byte{0}
	entry := uint64(0)
	f.section(elf.Section64{})
	for _, s := range f.sections {
		f.section(elf.Section64{Name: f.name(s.name), Type: uint32(elf.SHT_NOBITS),
			Flags: uint64(s.flags & (elf.SHF_WRITE | elf.SHF_ALLOC | elf.SHF_EXECINSTR)),
			Addr:  s.addr + f.slide, Off: ehdrSize, Size: s.size, Addralign: 1})
	}
	if len(f.sections) > 0 {
		entry = f.sections[0].addr + f.slide // gdb wants it in a section
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
	frames := debugFrame(f.slide, runs...)
	place(elf.Section64{Name: f.name(".debug_frame"), Type: uint32(elf.SHT_PROGBITS), Addralign: 1}, len(frames))
	own := f.name(".shstrtab")
	place(elf.Section64{Name: own, Type: uint32(elf.SHT_STRTAB), Addralign: 1}, len(f.shstrtab))
	pad := -at & 7
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Entry: entry,
		Shoff: at + pad, Ehsize: ehdrSize, Shentsize: shdrSize, Shnum: uint16(len(f.headers)), Shstrndx: uint16(len(f.headers) - 1),
	}
	for _, part := range []any{header, symtab, f.strtab, frames, f.shstrtab, make([]byte, pad), f.headers} {
		if err := binary.Write(w, le, part); err != nil {
			return fmt.Errorf("writing the symbols: %w", err)
		}
	}
	return nil
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
	for i, s := range f.list {
		sym := elf.Sym64{Name: uint32(len(f.strtab)), Value: s.Addr, Shndx: uint16(elf.SHN_ABS)}
		f.strtab = append(append(f.strtab, s.Name...), 0)
		if sec := sectionOf(f.sections, s.Addr); sec >= 0 && s.Addr <= f.high {
			sym.Shndx = uint16(sec + 1)
			sym.Value += f.slide
			// gdb prefers names that have a size: of each address, the first.
			if firstAlias(f.list, i) == i {
				sym.Size = size(f.list, i, f.sections[sec].end())
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
func sectionOf(sections []section, addr uint64) int {
	return sort.Search(len(sections), func(i int) bool { return sections[i].addr > addr }) - 1
}

// size is the distance from symbol i to the next one, or to an end that comes before.
func size(list []Symbol, i int, end uint64) uint64 {
	for _, next := range list[i+1:] {
		if next.Addr > list[i].Addr {
			end = min(end, next.Addr)
			break
		}
	}
	return max(end, list[i].Addr) - list[i].Addr
}
