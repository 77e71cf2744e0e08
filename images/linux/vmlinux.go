// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
)

// kernelHalf is where x86_64 kernels are linked: the top 2 GB of the address
// space (the kernel's Documentation/arch/x86/x86_64/mm.rst).
const kernelHalf = 0xffffffff80000000

// placeELF writes the segments of an uncompressed kernel to their physical
// addresses. It is entered like a bzImage in long mode, at its ELF entry point.
func placeELF(mem Memory, c Config) (kernel, error) {
	f, err := elf.NewFile(bytes.NewReader(c.Kernel))
	if err != nil {
		return kernel{}, notKernel("a damaged ELF file (%v)", err)
	}
	if err := checkELF(f); err != nil {
		return kernel{}, err
	}
	k := kernel{mode: Mode64, initrdMax: elfInitrdMax, cmdMax: elfCommandLine, params: newParams(nil, nil)}
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Memsz == 0 {
			continue
		}
		if p.Paddr < lowEnd || p.Paddr > c.LowRAM || p.Memsz > c.LowRAM-p.Paddr || !isRAM(c.E820, p.Paddr, p.Memsz) {
			return kernel{}, &DoesNotFitError{What: "a segment of the kernel", Size: p.Memsz,
				Where: fmt.Sprintf("at %#x in RAM below %#x", p.Paddr, c.LowRAM)}
		}
		if err := loadSegment(mem, p); err != nil {
			return kernel{}, err
		}
		k.end = max(k.end, p.Paddr+p.Memsz)
		// The entry point of a vmlinux is a physical address already; other
		// linkers leave a virtual one.
		switch {
		case f.Entry >= p.Paddr && f.Entry-p.Paddr < p.Memsz:
			k.entry = f.Entry
		case f.Entry >= p.Vaddr && f.Entry-p.Vaddr < p.Memsz:
			k.entry = f.Entry - p.Vaddr + p.Paddr
		}
	}
	if k.entry == 0 {
		return kernel{}, notKernel("an ELF file whose entry point %#x is in none of its segments", f.Entry)
	}
	return k, nil
}

// checkELF refuses ELF files that are not x86_64 kernels.
func checkELF(f *elf.File) error {
	switch {
	case f.Machine == elf.EM_386:
		return notKernel("a 32-bit ELF file; 32-bit kernels are loaded as bzImage")
	case f.Machine != elf.EM_X86_64 || f.Class != elf.ELFCLASS64:
		return notKernel("an ELF file for %v, not for x86_64", f.Machine)
	case f.Type != elf.ET_EXEC:
		return notKernel("an ELF file of type %v, not an executable", f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Vaddr >= kernelHalf {
			return nil
		}
	}
	return notKernel("an ELF program for user space")
}

// loadSegment writes one segment; what the file does not fill is zero.
func loadSegment(mem Memory, p *elf.Prog) error {
	if p.Filesz > p.Memsz {
		return notKernel("an ELF file with a segment that is larger in the file than in memory")
	}
	const chunk = 1 << 20
	buf := make([]byte, min(chunk, p.Memsz))
	file := p.Open()
	for at := uint64(0); at < p.Memsz; {
		b := buf[:min(uint64(len(buf)), p.Memsz-at)]
		var n uint64
		if at < p.Filesz {
			n = min(uint64(len(b)), p.Filesz-at)
			if _, err := io.ReadFull(file, b[:n]); err != nil {
				return notKernel("an ELF file cut off inside the segment for %#x (%v)", p.Paddr, err)
			}
		}
		clear(b[n:])
		if err := write(mem, "a segment of the kernel", b, p.Paddr+at); err != nil {
			return err
		}
		at += uint64(len(b))
	}
	return nil
}
