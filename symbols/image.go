// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"cmp"
	"debug/elf"
	"slices"
)

// kernelHalf is where x86_64 kernels are linked: the top 2 GB of the address
// space (the kernel's Documentation/arch/x86/x86_64/mm.rst).
const kernelHalf = 0xffffffff80000000

// maxSections bounds the sections of a file; Debian's kernel has 39.
const maxSections = 1000

// image is an uncompressed kernel, an ELF file.
type image struct {
	segments  []segment
	sections  []section // by address, in the kernel's half
	low, high uint64    // where it is linked: [low, high)
	buildID   string    // as bytes; empty: unknown
}

// segment is a part of the file that is loaded.
type segment struct {
	addr uint64 // linear, as linked
	data []byte // what the file has of it
}

// section is a named part of the address space.
type section struct {
	name       string
	addr, size uint64
	flags      elf.SectionFlag
}

// end is the first address behind the section.
func (s section) end() uint64 { return s.addr + s.size }

// openImage reads the headers of a vmlinux. The error is a *NoSymbolsError.
func openImage(vmlinux []byte) (*image, error) {
	f, err := elf.NewFile(bytes.NewReader(vmlinux))
	if err != nil {
		return nil, noSymbols("a damaged ELF file (%v)", err)
	}
	if f.Machine != elf.EM_X86_64 || f.Class != elf.ELFCLASS64 {
		return nil, noSymbols("it is an ELF file of %v for %v, not for x86_64", f.Class, f.Machine)
	}
	img := &image{low: ^uint64(0)}
	unread := uint64(len(vmlinux))
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Vaddr < kernelHalf || p.Memsz == 0 {
			continue
		}
		if p.Filesz > p.Memsz || p.Memsz > -p.Vaddr-1 || p.Off > uint64(len(vmlinux)) || p.Filesz > uint64(len(vmlinux))-p.Off {
			return nil, noSymbols("its segment for %#x, %d bytes, lies not inside the file or not inside the kernel's half", p.Vaddr, p.Memsz)
		}
		if p.Filesz > unread {
			return nil, noSymbols("its segments overlap in the file")
		}
		unread -= p.Filesz
		img.low, img.high = min(img.low, p.Vaddr), max(img.high, p.Vaddr+p.Memsz)
		img.segments = append(img.segments, segment{p.Vaddr, vmlinux[p.Off:][:p.Filesz:p.Filesz]})
	}
	if len(img.segments) == 0 {
		return nil, noSymbols("it is an ELF file with no segment at %#x or above, where kernels are", uint64(kernelHalf))
	}
	if len(f.Sections) > maxSections {
		return nil, noSymbols("it has %d sections, more than the limit of %d", len(f.Sections), maxSections)
	}
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC != 0 && s.Addr >= img.low && s.Addr < img.high && s.Size > 0 && s.Size <= img.high-s.Addr {
			img.sections = append(img.sections, section{s.Name, s.Addr, s.Size, s.Flags})
		}
	}
	img.buildID = readBuildID(f)
	slices.SortStableFunc(img.sections, func(a, b section) int { return cmp.Compare(a.addr, b.addr) })
	if len(img.sections) == 0 {
		return nil, noSymbols("it has no section headers")
	}
	return img, nil
}

// banner is the line with which the kernel greets, linux_banner.
type banner struct {
	addr uint64 // as linked
	text string // "Linux version 6.1.0 ...", without the final newline
}

// findBanner looks for the banner by its text, because kernels without
// CONFIG_KALLSYMS_ALL do not name it. The last one counts: since Linux 6.1 there
// is another without the number of the build (init/version.c), which
// init/version-timestamp.c replaces and is linked behind.
func (img *image) findBanner() (last banner, err error) {
	const begin, longest = "Linux version ", 1024
	for _, s := range img.segments {
		for at := 0; ; at += len(begin) {
			i := bytes.Index(s.data[at:], []byte(begin))
			if i < 0 {
				break
			}
			at += i
			line := s.data[at:min(at+longest, len(s.data))]
			// Other such text is a format, or no line of its own.
			n := bytes.IndexByte(line, '\n')
			if n > len(begin) && n+1 < len(line) && line[n+1] == 0 && line[len(begin)] >= '0' && line[len(begin)] <= '9' {
				last = banner{s.addr + uint64(at), string(line[:n])}
			}
		}
	}
	if last.text == "" {
		return banner{}, noSymbols("its banner, %q and a number, is not there", begin)
	}
	return last, nil
}
