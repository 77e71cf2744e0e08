// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestLoadBzImage(t *testing.T) {
	const size = 32 << 20
	mem := make(ram, size)
	ranges := append(pcMap(size), Range{4 << 30, 1 << 30, RangeRAM})
	initrd := bytes.Repeat([]byte("initrd!!"), 1000)
	got, err := Load(mem, Config{Kernel: testBzImage(), Initrd: initrd, CommandLine: "console=ttyS0", E820: ranges, LowRAM: size, RSDP: 0xf0010})
	if err != nil {
		t.Fatalf("Load = %v; want no error", err)
	}
	want := Entry{
		Mode: Mode64, RIP: 0x1000200, RSI: ParamsAddress, RSP: StackTop, RFLAGS: 2,
		CR0: 0x80000031, CR3: PageTableAddress, CR4: 0x20, EFER: 0x500,
		GDTBase: GDTAddress, GDTLimit: 31,
		CS:   Segment{Selector: 0x10, Limit: 0xffffffff, Flags: 0x00a09b00},
		Data: Segment{Selector: 0x18, Limit: 0xffffffff, Flags: 0x00c09300},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Load = %+v; want %+v", got, want)
	}
	if mem.u64(GDTAddress+0x10) != codeSegment64 || mem.u64(GDTAddress+0x18) != dataSegment {
		t.Errorf("the GDT holds %#x, %#x; want %#x, %#x", mem.u64(GDTAddress+0x10), mem.u64(GDTAddress+0x18), uint64(codeSegment64), uint64(dataSegment))
	}
	for _, linear := range []uint64{0, 0x1000200, 0xfffffffe, 3<<30 + 12345} {
		if pa := walk(mem, linear); pa != linear {
			t.Errorf("the page tables map %#x to %#x; want the same", linear, pa)
		}
	}
	if mem.u8(0x1000000) != 0xcc || mem.u8(0x1000000+4095) != 0xcc {
		t.Error("the protected-mode code is not at its preferred address, 0x1000000")
	}
	p := uint64(ParamsAddress)
	at := uint64(size-len(initrd)) &^ 4095
	for _, c := range []struct {
		what      string
		got, want uint64
	}{
		{"e820_entries", uint64(mem.u8(p + offE820Entries)), 5},
		{"e820_table[4].addr", mem.u64(p + offE820Table + 80), 4 << 30},
		{"e820_table[4].size", mem.u64(p + offE820Table + 88), 1 << 30},
		{"e820_table[1].type", uint64(mem.u32(p + offE820Table + 36)), 2},
		{"acpi_rsdp_addr", mem.u64(p + offACPIRSDP), 0xf0010},
		{"type_of_loader", uint64(mem.u8(p + offTypeOfLoader)), 0xff},
		{"loadflags", uint64(mem.u8(p + offLoadFlags)), loadedHigh},
		{"code32_start", uint64(mem.u32(p + offCode32Start)), 0x1000000},
		{"cmd_line_ptr", uint64(mem.u32(p + offCmdLinePtr)), CommandAddress},
		{"ramdisk_image", uint64(mem.u32(p + offRamdiskImage)), at},
		{"ramdisk_size", uint64(mem.u32(p + offRamdiskSize)), uint64(len(initrd))},
		{"sentinel", uint64(mem.u8(p + 0x1ef)), 0},
	} {
		if c.got != c.want {
			t.Errorf("boot_params.%s = %#x; want %#x", c.what, c.got, c.want)
		}
	}
	if !bytes.Equal(mem[at:at+uint64(len(initrd))], initrd) {
		t.Errorf("the initrd is not in memory at %#x", at)
	}
	if got := string(mem[CommandAddress : CommandAddress+14]); got != "console=ttyS0\x00" {
		t.Errorf("the command line in memory is %q", got)
	}
}

// walk translates by the page tables that Load wrote: 2 MB pages only.
func walk(mem ram, linear uint64) uint64 {
	const address = 0x000ffffffffff000
	table := uint64(PageTableAddress)
	for _, shift := range []uint{39, 30} {
		table = mem.u64(table+linear>>shift&511*8) & address
	}
	return mem.u64(table+linear>>21&511*8)&address | linear&(1<<21-1)
}

func TestLoad32BitKernel(t *testing.T) {
	image := with(func(b []byte) {
		b[offXLoadFlags], b[offRelocatable] = 0, 0
		binary.LittleEndian.PutUint16(b[offVersion:], 0x20c)
	})
	mem := make(ram, 32<<20)
	e, err := Load(mem, Config{Kernel: image, E820: pcMap(32 << 20), LowRAM: 32 << 20, RSDP: 0xf0000})
	if err != nil {
		t.Fatalf("Load = %v; want no error", err)
	}
	if e.Mode != Mode32 || e.RIP != 0x100000 || e.CR0 != 0x31 || e.CR3|e.CR4|e.EFER != 0 || e.CS.Flags != 0x00c09b00 {
		t.Errorf("Load = %+v; want mode 32 at 0x100000 without paging", e)
	}
	if got := mem.u64(ParamsAddress + offACPIRSDP); got != 0 {
		t.Errorf("acpi_rsdp_addr = %#x for protocol 2.12, which does not have it; want 0", got)
	}
}

func TestInitrdPlace(t *testing.T) {
	const size = 64 << 20
	hole := []Range{{0, 0x9fc00, RangeRAM}, {0x100000, 40<<20 - 0x100000, RangeRAM}, {40 << 20, 1 << 20, RangeACPI}, {41 << 20, 4096, RangeRAM}}
	for _, c := range []struct {
		name   string
		max    uint32
		low    uint64
		ranges []Range
		size   int
		want   uint32 // 0: does not fit
	}{
		{"top of RAM", 0x7fffffff, size, pcMap(size), 5000, size - 8192},
		{"below initrd_addr_max", 48<<20 - 1, size, pcMap(size), 4096, 48<<20 - 4096},
		{"below low RAM's end", 0x7fffffff, size - 4096, pcMap(size), 4096, size - 8192},
		{"one page above a hole", 0x7fffffff, size, hole, 4096, 41 << 20},
		{"under a hole", 0x7fffffff, size, hole, 4097, 40<<20 - 8192},
		{"exactly all", 0x7fffffff, size, pcMap(size), 47 << 20, 17 << 20},
		{"too large", 0x7fffffff, size, pcMap(size), 47<<20 + 1, 0},
		{"nothing below max", 16 << 20, size, pcMap(size), 4096, 0},
	} {
		image := with(func(b []byte) { binary.LittleEndian.PutUint32(b[offInitrdAddrMax:], c.max) })
		mem := make(ram, size)
		_, err := Load(mem, Config{Kernel: image, Initrd: make([]byte, c.size), E820: c.ranges, LowRAM: c.low})
		var fit *DoesNotFitError
		if c.want == 0 && !errors.As(err, &fit) || c.want != 0 && err != nil {
			t.Errorf("%s: Load = %v; want the initrd at %#x (0: a DoesNotFitError)", c.name, err, c.want)
		} else if got := mem.u32(ParamsAddress + offRamdiskImage); got != c.want {
			t.Errorf("%s: initrd at %#x; want %#x", c.name, got, c.want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	const size = 32 << 20
	for _, c := range []struct {
		name string
		edit func(c *Config)
		want string
	}{
		{"empty", func(c *Config) { c.Kernel = nil }, "not a kernel: an empty file"},
		{"initrd given", func(c *Config) { c.Kernel = []byte("\x1f\x8b and so on") }, "not a kernel: a gzip file"},
		{"text", func(c *Config) { c.Kernel = []byte("hello, world") }, "starts with 68 65 6c 6c 6f 2c 20 77"},
		{"Arm", func(c *Config) { c.Kernel = append(make([]byte, 0x24), 0x18, 0x28, 0x6f, 1) }, "a zImage for Arm"},
		{"boot sector", func(c *Config) { c.Kernel = with(func(b []byte) { clear(b[offMagic : offMagic+4]) }) }, "a boot sector without"},
		{"long command line", func(c *Config) { c.CommandLine = strings.Repeat("x", 256) }, "has 256 bytes, but this kernel takes at most 255"},
		{"zero in command line", func(c *Config) { c.CommandLine = "a\x00b" }, "a zero byte at offset 1"},
		{"little RAM", func(c *Config) { c.LowRAM = 8 << 20 }, "the kernel needs 1048576 bytes of memory and does not fit at 0x1000000"},
		{"no low RAM", func(c *Config) { c.E820 = c.E820[2:] }, "no RAM in its first 192 KB"},
		{"overlap", func(c *Config) { c.E820 = append(c.E820, Range{0xff000, 0x2000, RangeACPI}) }, "overlap"},
		{"wrap", func(c *Config) { c.E820 = append(c.E820, Range{1 << 63, 1<<63 + 1, RangeRAM}) }, "wraps around"},
		{"many ranges", func(c *Config) { c.E820 = make([]Range, 129) }, "has 129 ranges"},
	} {
		config := Config{Kernel: testBzImage(), E820: pcMap(size), LowRAM: size}
		c.edit(&config)
		_, err := Load(make(ram, size), config)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Load = %v; want an error with %q", c.name, err, c.want)
		}
	}
}

func TestLoadMemoryTooSmall(t *testing.T) {
	_, err := Load(make(ram, 1<<20), Config{Kernel: testBzImage(), E820: pcMap(32 << 20), LowRAM: 32 << 20})
	var w *WriteError
	if !errors.As(err, &w) || w.PA != 0x1000000 || w.What != "the kernel" {
		t.Errorf("Load into 1 MB of memory = %v; want a WriteError for the kernel at 0x1000000", err)
	}
}

func TestLoadDebian(t *testing.T) {
	const size = 128 << 20
	initrd := guestFile(t, "initrd.gz")
	for name, rip := range map[string]uint64{"vmlinuz": 0x1000200, "vmlinux": 0x1000000} {
		mem := make(ram, size)
		e, err := Load(mem, Config{Kernel: guestFile(t, name), Initrd: initrd, CommandLine: "console=ttyS0", E820: pcMap(size), LowRAM: size})
		if err != nil || e.Mode != Mode64 || e.RIP != rip {
			t.Errorf("Load(%s) = mode %d, RIP %#x, %v; want mode 64, RIP %#x", name, e.Mode, e.RIP, err, rip)
			continue
		}
		at := mem.u32(ParamsAddress + offRamdiskImage)
		if !bytes.Equal(mem[at:int(at)+len(initrd)], initrd) {
			t.Errorf("Load(%s): the initrd is not at %#x", name, at)
		}
	}
}
