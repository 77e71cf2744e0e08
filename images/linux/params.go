// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import "encoding/binary"

// Offsets in boot_params outside the setup header (the kernel's
// Documentation/arch/x86/zero-page.rst).
const (
	paramsSize      = 4096
	offACPIRSDP     = 0x070 // u64
	offE820Entries  = 0x1e8 // u8
	offSetupHeader  = 0x1f1
	offSetupData    = 0x250 // u64, since protocol 2.09
	offE820Table    = 0x2d0 // 20 bytes each: u64 start, u64 size, u32 type
	maxE820         = 128
	e820EntrySize   = 20
	loaderUndefined = 0xff // type_of_loader of a loader that has no number
	keepSegments    = 1 << 6
	// elfCommandLine is the longest command line of a kernel that has no
	// header to say so: COMMAND_LINE_SIZE of x86 less the final zero.
	elfCommandLine = 2047
	elfProtocol    = 0x20f // boot protocol 2.15
)

// params is the boot_params page in the making (boot.rst, "The zero page").
type params struct {
	page [paramsSize]byte
}

// newParams starts a page from a bzImage's own header, which the loader must
// copy, or, for a bare ELF kernel, from the few fields that the kernel proper reads.
func newParams(h *Header, image []byte) *params {
	p := &params{}
	if h != nil {
		copy(p.page[offSetupHeader:], image[offSetupHeader:min(h.HeaderEnd, offE820Table)])
	} else {
		p.put16(offBootFlag, 0xaa55)
		copy(p.page[offMagic:], "HdrS")
		p.put16(offVersion, elfProtocol)
		p.page[offLoadFlags] = loadedHigh
		p.put32(offCmdLineSize, elfCommandLine)
	}
	p.page[offTypeOfLoader] = loaderUndefined
	p.page[offLoadFlags] &^= keepSegments
	return p
}

// setMachine fills in what the machine has.
func (p *params) setMachine(ranges []Range, rsdp uint64) {
	p.page[offE820Entries] = uint8(len(ranges))
	for i, r := range ranges {
		at := offE820Table + i*e820EntrySize
		p.put64(at, r.Start)
		p.put64(at+8, r.Size)
		p.put32(at+16, uint32(r.Type))
	}
	// An older kernel looks for the RSDP itself, where boards of that time put it.
	if binary.LittleEndian.Uint16(p.page[offVersion:]) >= acpiRSDPProtocol {
		p.put64(offACPIRSDP, rsdp)
	}
}

// setupSeed is the type of setup_data that holds a random seed (the kernel's
// arch/x86/include/uapi/asm/setup_data.h); a kernel before 6.0 skips it.
const (
	setupSeed         = 9
	setupDataProtocol = 0x209
)

// setSeed points to a random seed and returns it as setup_data (boot.rst,
// "setup_data": next, type, length, data); nil if the kernel knows none.
func (p *params) setSeed(seed []byte) []byte {
	if len(seed) == 0 || binary.LittleEndian.Uint16(p.page[offVersion:]) < setupDataProtocol {
		return nil
	}
	b := binary.LittleEndian.AppendUint64(nil, 0)
	b = binary.LittleEndian.AppendUint32(b, setupSeed)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(seed)))
	p.put64(offSetupData, SeedAddress)
	return append(b, seed...)
}

func (p *params) setInitrd(pa, size uint64) {
	p.put32(offRamdiskImage, uint32(pa))
	p.put32(offRamdiskSize, uint32(size))
}

func (p *params) put16(at int, v uint16) { binary.LittleEndian.PutUint16(p.page[at:], v) }
func (p *params) put32(at int, v uint32) { binary.LittleEndian.PutUint32(p.page[at:], v) }
func (p *params) put64(at int, v uint64) { binary.LittleEndian.PutUint64(p.page[at:], v) }
