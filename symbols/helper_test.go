// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// Where the kernels that the tests make are linked.
const (
	testBase = 0xffffffff81000000
	testSize = 0x400000 // bytes
)

// form is how a kernel's build lays the tables out.
type form struct {
	markerWidth int
	seqs        bool // seqs_of_names between markers and tokens
	behind      bool // the addresses follow token_index
	align       int
	// address appends an entry of the table of addresses, which itself is at here.
	address func(b []byte, addr, here uint64) []byte
	base    bool // relative_base follows the addresses
	percpu  bool // there are symbols outside the kernel's half
}

func put32(b []byte, v uint64) []byte { return le.AppendUint32(b, uint32(v)) }

// forms are those of all versions. scripts/kallsyms.c of each is the source.
var forms = map[string]form{
	"until 4.5": {markerWidth: 8, align: 8, percpu: true, address: func(b []byte, addr, _ uint64) []byte { return le.AppendUint64(b, addr) }},
	"4.6":       {markerWidth: 8, align: 8, base: true, percpu: true, address: putPercpuAbsolute},
	"4.20":      {markerWidth: 4, align: 8, base: true, percpu: true, address: putPercpuAbsolute},
	"6.2":       {markerWidth: 4, align: 8, base: true, percpu: true, address: putPercpuAbsolute, seqs: true},
	"6.4":       {markerWidth: 4, align: 8, base: true, percpu: true, address: putPercpuAbsolute, behind: true},
	"6.15": {markerWidth: 4, align: 8, base: true, behind: true,
		address: func(b []byte, addr, _ uint64) []byte { return put32(b, addr-testBase) }},
	"after relative_base": {markerWidth: 4, align: 4, behind: true,
		address: func(b []byte, addr, here uint64) []byte { return put32(b, addr-here) }},
}

func putPercpuAbsolute(b []byte, addr, _ uint64) []byte {
	if addr < kernelHalf {
		return put32(b, addr)
	}
	return put32(b, testBase-1-addr)
}

// testSymbols are more than two blocks of names.
func testSymbols(percpu bool) (list []Symbol) {
	if percpu {
		list = append(list, Symbol{"fixed_percpu_data", 0, 'A'}, Symbol{"current_task", 0x1fb80, 'A'})
	}
	list = append(list, Symbol{"startup_64", testBase, 'T'}, Symbol{"_text", testBase, 'T'}, Symbol{"_stext", testBase, 'T'})
	for i := range 600 {
		list = append(list, Symbol{fmt.Sprintf("local_%d.isra.0", i), testBase + 0x100 + uint64(16*i), 't'})
	}
	return append(list,
		Symbol{strings.Repeat("long", 50), testBase + 0x2f00, 'T'},
		Symbol{"local_7.isra.0", testBase + 0x2f80, 't'},
		Symbol{"weak", testBase + 0x2fc0, 'W'},
		Symbol{"entry_SYSCALL_64", testBase + 0x3000, 'T'},
		Symbol{"_etext", testBase + 0x100000, 'T'},
		Symbol{"linux_banner", testBase + 0x200000, 'D'},
		Symbol{"_end", testBase + testSize, 'B'})
}

const testBanner = "Linux version 6.1.0-test (somebody) #1 SMP"

// tables makes .rodata: the banner, then the tables. It is at testBase + 0x200000.
func (f form) tables(list []Symbol) []byte {
	b := make([]byte, 0x1000)
	copy(b, "Linux version %s\n\x00Linux version 6.1.0-test (somebody) # SMP\n") // none of these two
	putORC(b)
	b = append(b, testBanner+"\n\x00"...)
	align := func() {
		for len(b)%f.align != 0 {
			b = append(b, 0)
		}
	}
	addresses := func() {
		align()
		for _, s := range list {
			b = f.address(b, s.Addr, testBase+0x200000+uint64(len(b)))
		}
		if f.base {
			align()
			b = le.AppendUint64(b, testBase)
		}
	}
	if !f.behind {
		addresses()
	}
	align()
	b = put32(b, uint64(len(list)))
	align()
	// Compression: the number 1 stands for "local_", each other one for itself.
	start, markers := len(b), []uint64{}
	for i, s := range list {
		if i%256 == 0 {
			markers = append(markers, uint64(len(b)-start))
		}
		name := strings.ReplaceAll(string(s.Type)+s.Name, "local_", "\x01")
		if len(name) < 0x80 {
			b = append(b, byte(len(name)))
		} else {
			b = append(b, byte(len(name)&0x7f|0x80), byte(len(name)>>7))
		}
		b = append(b, name...)
	}
	align()
	for _, m := range markers {
		b = append(b, le.AppendUint64(nil, m)[:f.markerWidth]...)
	}
	if f.seqs {
		align()
		for i := range list {
			b = append(b, 0, byte(i>>8), byte(i))
		}
	}
	align()
	var index []byte
	for i, at := 0, len(b); i < 256; i++ {
		index = le.AppendUint16(index, uint16(len(b)-at))
		switch {
		case i == 1:
			b = append(b, "local_"...)
		case i > ' ' && i <= '~':
			b = append(b, byte(i))
		}
		b = append(b, 0)
	}
	align()
	b = append(b, index...)
	if f.behind {
		addresses()
	}
	return append(b, make([]byte, 64)...)
}

// Where .rodata has the ORC tables, and how many entries they have.
const (
	orcIPAt, orcAt = 0x400, 0x800
	orcCount       = 60
)

// putORC writes ORC tables for the functions local_0 and so on, two entries each,
// in the form of Linux 6.4: first a return address is on the stack, then RBP too.
func putORC(rodata []byte) {
	for i := range orcCount {
		at := testBase + 0x100 + uint64(16*(i/2)+i%2)
		le.PutUint32(rodata[orcIPAt+4*i:], uint32(at-(testBase+0x200000+orcIPAt+uint64(4*i))))
		copy(rodata[orcAt+6*i:], orcEntry(8, 0, 0x205))
		if i%2 == 1 {
			copy(rodata[orcAt+6*i:], orcEntry(16, -16, 0x215))
		}
	}
}

func orcEntry(end, bp int16, flags uint16) []byte {
	return le.AppendUint16(le.AppendUint16(le.AppendUint16(nil, uint16(end)), uint16(bp)), flags)
}

// vmlinux makes a kernel with such a .rodata: text without contents in the file,
// then .rodata, then nothing up to testSize.
func vmlinux(rodata []byte) []byte {
	const names = "\x00.text\x00.rodata\x00.orc_unwind_ip\x00.orc_unwind\x00.shstrtab\x00"
	at := func(name string) uint32 { return uint32(strings.Index(names, name+"\x00")) }
	const dataAt = 64 + 2*56
	end := uint64(dataAt + len(rodata))
	var b bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT), Entry: 0x1000000,
			Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 2,
			Shoff: end + uint64(len(names)), Shentsize: 64, Shnum: 6, Shstrndx: 5,
		},
		elf.Prog64{Type: uint32(elf.PT_LOAD), Off: dataAt, Vaddr: testBase, Memsz: 0x100000},
		elf.Prog64{Type: uint32(elf.PT_LOAD), Off: dataAt, Vaddr: testBase + 0x200000, Filesz: uint64(len(rodata)), Memsz: testSize - 0x200000},
		rodata, []byte(names),
		elf.Section64{},
		elf.Section64{Name: at(".text"), Type: uint32(elf.SHT_NOBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR), Addr: testBase, Size: 0x100000},
		elf.Section64{Name: at(".rodata"), Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC), Addr: testBase + 0x200000, Off: dataAt, Size: uint64(len(rodata))},
		elf.Section64{Name: at(".orc_unwind_ip"), Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC), Addr: testBase + 0x200000 + orcIPAt, Off: dataAt + orcIPAt, Size: 4 * orcCount},
		elf.Section64{Name: at(".orc_unwind"), Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC), Addr: testBase + 0x200000 + orcAt, Off: dataAt + orcAt, Size: 6 * orcCount},
		elf.Section64{Name: at(".shstrtab"), Type: uint32(elf.SHT_STRTAB), Off: end, Size: uint64(len(names))},
	} {
		binary.Write(&b, le, part)
	}
	return b.Bytes()
}

// testTable is the table of a small kernel.
func testTable(t testing.TB) *Table {
	t.Helper()
	table, err := Parse(vmlinux(forms["6.4"].tables(testSymbols(true))))
	if err != nil {
		t.Fatalf("Parse of a made kernel = %v; want no error", err)
	}
	return table
}
