// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// testELF makes an x86_64 kernel of one segment: eight bytes of code linked at
// the kernel's virtual base, at physical 0x1000000, followed by 4088 zero bytes.
func testELF() []byte {
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(elf.EM_X86_64),
		Version: uint32(elf.EV_CURRENT),
		Entry:   0x1000000,
		Phoff:   64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Off: 120,
		Vaddr: 0xffffffff81000000, Paddr: 0x1000000, Filesz: 8, Memsz: 4096,
	}
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, header)
	binary.Write(&b, binary.LittleEndian, segment)
	b.WriteString("\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc")
	return b.Bytes()
}

func changed(at int, v uint64, size int) []byte {
	b := testELF()
	for i := range size {
		b[at+i] = byte(v >> (8 * i))
	}
	return b
}

func TestLoadELF(t *testing.T) {
	for _, c := range []struct {
		name   string
		kernel []byte
		rip    uint64
	}{
		{"physical entry", testELF(), 0x1000000},
		{"virtual entry", changed(24, 0xffffffff81000004, 8), 0x1000004},
	} {
		mem := make(ram, 32<<20)
		copy(mem[0x1000000:], bytes.Repeat([]byte{0xff}, 4096))
		e, err := Load(mem, Config{Kernel: c.kernel, E820: pcMap(32 << 20), LowRAM: 32 << 20, CommandLine: "quiet", Initrd: []byte("initrd"), RSDP: 0xf0000})
		if err != nil || e.Mode != Mode64 || e.RIP != c.rip {
			t.Errorf("%s: Load = mode %d, RIP %#x, %v; want mode 64, RIP %#x", c.name, e.Mode, e.RIP, err, c.rip)
			continue
		}
		if mem.u64(0x1000000) != 0xcccccccccccccccc || mem.u64(0x1000008) != 0 {
			t.Errorf("%s: memory at the segment is % x; want 8 bytes of code, then zeros", c.name, mem[0x1000000:0x1000010])
		}
		p := uint64(ParamsAddress)
		if mem.u32(p+offMagic) != 0x53726448 || mem.u8(p+offTypeOfLoader) != 0xff || mem.u64(p+offACPIRSDP) != 0xf0000 {
			t.Errorf("%s: boot_params lacks the header's magic, the loader type or the RSDP", c.name)
		}
		if got := mem.u32(p + offRamdiskImage); got != 32<<20-4096 {
			t.Errorf("%s: initrd at %#x; want the last page of RAM", c.name, got)
		}
	}
}

func TestLoadELFRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		kernel []byte
		want   string
	}{
		{"damaged", []byte("\x7fELF and nothing"), "a damaged ELF file"},
		{"Arm", changed(18, uint64(elf.EM_AARCH64), 2), "EM_AARCH64, not for x86_64"},
		{"i386", changed(18, uint64(elf.EM_386), 2), "a 32-bit ELF file"},
		{"shared", changed(16, uint64(elf.ET_DYN), 2), "ET_DYN, not an executable"},
		{"user space", changed(80, 0x400000, 8), "an ELF program for user space"},
		{"entry", changed(24, 0x5000000, 8), "entry point 0x5000000 is in none"},
		{"file larger", changed(104, 4, 8), "larger in the file than in memory"},
		{"cut off", testELF()[:124], "cut off inside the segment"},
	} {
		_, err := Load(make(ram, 32<<20), Config{Kernel: c.kernel, E820: pcMap(32 << 20), LowRAM: 32 << 20})
		var not *NotKernelError
		if !errors.As(err, &not) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Load = %v; want a NotKernelError with %q", c.name, err, c.want)
		}
	}
	for name, paddr := range map[string]uint64{"too high": 40 << 20, "on boot_params": 0x10000, "in a hole": 0xa0000, "wraps": ^uint64(0) - 100} {
		_, err := Load(make(ram, 32<<20), Config{Kernel: changed(88, paddr, 8), E820: pcMap(32 << 20), LowRAM: 32 << 20})
		var fit *DoesNotFitError
		if !errors.As(err, &fit) {
			t.Errorf("%s: Load of a segment at %#x = %v; want a DoesNotFitError", name, paddr, err)
		}
	}
}
