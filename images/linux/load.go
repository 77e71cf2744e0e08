// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

// pageSize is the alignment of the initrd in bytes; the kernel frees it by pages.
const pageSize = 4096

// elfInitrdMax bounds the initrd of a bare ELF kernel: what bzImages say, 2 GB.
const elfInitrdMax = 0x7fffffff

// kernel is a kernel in place: where it starts and what it leaves free.
type kernel struct {
	mode      Mode
	entry     uint64 // physical address
	end       uint64 // first address after all the memory it needs to start
	initrdMax uint64 // highest address of the initrd's last byte
	cmdMax    int    // longest command line in bytes
	params    *params
}

// Load puts the kernel, its initrd, its command line and boot_params into mem,
// which must be zero where nothing was written, and returns the state in which
// the processor must start. A bzImage unpacks itself in the guest, and so may
// place itself at random; a vmlinux runs where it was linked.
//
// Errors a caller may want to tell apart: *NotKernelError, *ProtocolError,
// *CommandLineError, *DoesNotFitError, *WriteError.
func Load(mem Memory, c Config) (Entry, error) {
	if err := checkMap(c.E820); err != nil {
		return Entry{}, err
	}
	place := placeBzImage
	switch {
	case bytes.HasPrefix(c.Kernel, []byte(elf.ELFMAG)):
		place = placeELF
	case !isBootSector(c.Kernel):
		return Entry{}, &NotKernelError{Found: describe(c.Kernel)}
	}
	k, err := place(mem, c)
	if err != nil {
		return Entry{}, err
	}
	if i := strings.IndexByte(c.CommandLine, 0); i >= 0 {
		return Entry{}, fmt.Errorf("the kernel command line has a zero byte at offset %d", i)
	}
	if n := len(c.CommandLine); n > k.cmdMax {
		return Entry{}, &CommandLineError{Length: n, Max: k.cmdMax}
	}
	if err := write(mem, "the command line", append([]byte(c.CommandLine), 0), CommandAddress); err != nil {
		return Entry{}, err
	}
	k.params.put32(offCmdLinePtr, CommandAddress)
	if len(c.Initrd) > 0 {
		pa, err := placeInitrd(c, k)
		if err != nil {
			return Entry{}, err
		}
		if err := write(mem, "the initrd", c.Initrd, pa); err != nil {
			return Entry{}, err
		}
		k.params.setInitrd(pa, uint64(len(c.Initrd)))
	}
	k.params.setMachine(c.E820, c.RSDP)
	if b := k.params.setSeed(c.Seed); b != nil {
		if err := write(mem, "the random seed", b, SeedAddress); err != nil {
			return Entry{}, err
		}
	}
	if err := write(mem, "boot_params", k.params.page[:], ParamsAddress); err != nil {
		return Entry{}, err
	}
	return enter(mem, k.mode, k.entry)
}

// placeBzImage writes the protected-mode code to where it prefers to be. The
// setup code before it is for real mode and is left out, as in boot.rst,
// "32-bit Boot Protocol" and "64-bit Boot Protocol".
func placeBzImage(mem Memory, c Config) (kernel, error) {
	h, err := ParseHeader(c.Kernel)
	if err != nil {
		return kernel{}, err
	}
	code := c.Kernel[h.SetupSize:]
	base := uint64(h.Code32Start)
	if h.Relocatable && h.PrefAddress != 0 {
		base = h.PrefAddress
	}
	// It unpacks itself at the preferred address or at its own, whichever is
	// higher, and needs init_size bytes there.
	need := max(uint64(h.InitSize), uint64(len(code)))
	start := max(base, h.PrefAddress)
	if start > c.LowRAM || need > c.LowRAM-start || !isRAM(c.E820, start, need) || !isRAM(c.E820, base, uint64(len(code))) {
		return kernel{}, &DoesNotFitError{What: "the kernel", Size: need,
			Where: fmt.Sprintf("at %#x in RAM below %#x", start, c.LowRAM)}
	}
	if err := write(mem, "the kernel", code, base); err != nil {
		return kernel{}, err
	}
	k := kernel{
		mode:      Mode32,
		entry:     base,
		end:       start + need,
		initrdMax: uint64(h.InitrdAddrMax),
		cmdMax:    int(min(h.CmdLineSize, lowEnd-CommandAddress-1)),
		params:    newParams(h, c.Kernel),
	}
	k.params.put32(offCode32Start, uint32(base))
	if h.Has64BitEntry() {
		k.mode, k.entry = Mode64, base+0x200
	}
	return k, nil
}

// placeInitrd returns the address for the initrd: as high as the kernel allows,
// in RAM, above the kernel and below the end of low RAM (boot.rst, "Loading the
// rest of the kernel" and initrd_addr_max).
func placeInitrd(c Config, k kernel) (uint64, error) {
	size := uint64(len(c.Initrd))
	limit := min(c.LowRAM, k.initrdMax+1)
	var best uint64
	for _, r := range c.E820 {
		lo, hi := max(r.Start, k.end), min(r.end(), limit)
		if r.Type != RangeRAM || hi < lo || hi-lo < size {
			continue
		}
		if pa := (hi - size) &^ (pageSize - 1); pa >= lo {
			best = max(best, pa)
		}
	}
	if best == 0 {
		return 0, &DoesNotFitError{What: "the initrd", Size: size,
			Where: fmt.Sprintf("in RAM between the kernel's end at %#x and %#x", k.end, limit)}
	}
	return best, nil
}

// isBootSector reports that a file has the mark that a bzImage shares with
// other things that boot.
func isBootSector(b []byte) bool {
	return len(b) >= sector && binary.LittleEndian.Uint16(b[offBootFlag:]) == 0xaa55
}

// describe says what a file that is no x86 kernel is.
func describe(b []byte) string {
	for _, m := range []struct {
		offset int
		magic  string
		name   string
	}{
		{0, "\x1f\x8b", "a gzip file, perhaps an initrd"},
		{0, "\xfd7zXZ\x00", "an xz file"},
		{0, "\x28\xb5\x2f\xfd", "a zstd file"},
		{0, "070701", "a cpio archive, which is an initrd"},
		{0, "QFI\xfb", "a qcow2 disk image"},
		{0, "#!", "a script"},
		{0x24, "\x18\x28\x6f\x01", "a zImage for Arm, not for x86"},
		{0x38, "ARM\x64", "an Image for arm64, not for x86"},
	} {
		if len(b) >= m.offset && bytes.HasPrefix(b[m.offset:], []byte(m.magic)) {
			return m.name
		}
	}
	if len(b) == 0 {
		return "an empty file"
	}
	return fmt.Sprintf("a file of %d bytes that starts with % x; a bzImage or an ELF vmlinux is needed", len(b), b[:min(len(b), 8)])
}
