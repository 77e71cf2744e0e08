// SPDX-License-Identifier: GPL-2.0-or-later

// Package linux puts a Linux kernel for x86 into guest memory and says in which
// state the processor must enter it. It follows the kernel's own description of
// its boot protocol, Documentation/arch/x86/boot.rst, cited below as "boot.rst"
// with the section's name. It knows no machine and no processor: memory comes
// in through a small interface, the entry state goes out as plain values.
package linux

import (
	"encoding/binary"
	"fmt"
)

// Offsets in the first sectors of a bzImage (boot.rst, "The Real-Mode Kernel
// Header"). They are the same in boot_params, into which the header is copied.
const (
	offSetupSects    = 0x1f1 // u8: size of the setup code in 512-byte sectors
	offBootFlag      = 0x1fe // u16: 0xaa55
	offJump          = 0x200 // u8 0xeb, u8 distance: the header ends at 0x202 + distance
	offMagic         = 0x202 // "HdrS"
	offVersion       = 0x206 // u16: protocol version, major << 8 | minor
	offKernelVersion = 0x20e // u16: the version string, less 0x200
	offTypeOfLoader  = 0x210 // u8
	offLoadFlags     = 0x211 // u8
	offCode32Start   = 0x214 // u32: 32-bit entry address
	offRamdiskImage  = 0x218 // u32
	offRamdiskSize   = 0x21c // u32
	offCmdLinePtr    = 0x228 // u32
	offInitrdAddrMax = 0x22c // u32: highest address the initrd's last byte may have
	offAlignment     = 0x230 // u32: wanted alignment of a relocatable kernel
	offRelocatable   = 0x234 // u8
	offXLoadFlags    = 0x236 // u16
	offCmdLineSize   = 0x238 // u32: longest command line, without its final zero
	offPayloadOffset = 0x248 // u32: from the start of the protected-mode code
	offPayloadLength = 0x24c // u32
	offPrefAddress   = 0x258 // u64: where a kernel that is not moved runs
	offInitSize      = 0x260 // u32: contiguous memory needed from the load address on

	// headerMin is the end of the last field read, which protocol 2.12 has.
	headerMin = offInitSize + 4
)

// Flags of the header.
const (
	loadedHigh       = 1 << 0 // LOADED_HIGH in loadflags: the kernel runs at 1 MB or above
	xlfKernel64      = 1 << 0 // XLF_KERNEL_64: there is a 64-bit entry at 0x200
	oldestProtocol   = 0x20c  // 2.12 brought xloadflags
	acpiRSDPProtocol = 0x20e  // 2.14 brought acpi_rsdp_addr
	sector           = 512
)

// Header is what the loader needs of a bzImage's setup header.
type Header struct {
	Version       uint16 // boot protocol, 0x20f is 2.15
	SetupSize     int    // bytes before the protected-mode code
	HeaderEnd     int    // offset at which the setup header ends
	LoadFlags     uint8
	XLoadFlags    uint16
	Code32Start   uint32 // default load address of the protected-mode code
	InitrdAddrMax uint32 // highest address of the initrd's last byte
	Alignment     uint32 // bytes
	Relocatable   bool
	CmdLineSize   uint32 // bytes, without the final zero
	PayloadOffset uint32 // from the start of the protected-mode code
	PayloadLength uint32 // bytes
	PrefAddress   uint64
	InitSize      uint32 // bytes of memory that the kernel needs to unpack itself
	KernelVersion string // "6.1.0-1-amd64 (...) #1 SMP ...", or empty
}

// Has64BitEntry reports that the kernel can be entered in long mode, 0x200
// bytes after its load address (boot.rst, "64-bit Boot Protocol").
func (h *Header) Has64BitEntry() bool { return h.XLoadFlags&xlfKernel64 != 0 }

// NotKernelError says that a file is no kernel this package can load.
type NotKernelError struct {
	Found string // what was found instead, to complete "not a kernel: "
}

func (e *NotKernelError) Error() string { return "not a kernel: " + e.Found }

// ProtocolError says that a kernel speaks a boot protocol that is too old.
type ProtocolError struct {
	Version uint16 // major << 8 | minor
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("the kernel speaks boot protocol %d.%02d, but 2.12 or later is needed (Linux 3.8)",
		e.Version>>8, e.Version&0xff)
}

// ParseHeader reads the setup header of a bzImage. The error is a
// *NotKernelError or a *ProtocolError.
func ParseHeader(image []byte) (*Header, error) {
	le := binary.LittleEndian
	switch {
	case len(image) < headerMin:
		return nil, notKernel("a file of %d bytes, too short for a setup header", len(image))
	case le.Uint16(image[offBootFlag:]) != 0xaa55:
		return nil, notKernel("no boot flag 0xaa55 at offset %#x, but %#04x", offBootFlag, le.Uint16(image[offBootFlag:]))
	case string(image[offMagic:offMagic+4]) != "HdrS":
		return nil, notKernel("a boot sector without the setup header's HdrS at offset %#x", offMagic)
	}
	h := &Header{Version: le.Uint16(image[offVersion:])}
	if h.Version < oldestProtocol {
		return nil, &ProtocolError{Version: h.Version}
	}
	// "For backwards compatibility, if the setup_sects field contains 0, the
	// real value is 4": boot.rst, "Details of Header Fields".
	sects := int(image[offSetupSects])
	if sects == 0 {
		sects = 4
	}
	h.SetupSize = (sects + 1) * sector
	h.HeaderEnd = offMagic + int(image[offJump+1])
	h.LoadFlags = image[offLoadFlags]
	h.XLoadFlags = le.Uint16(image[offXLoadFlags:])
	h.Code32Start = le.Uint32(image[offCode32Start:])
	h.InitrdAddrMax = le.Uint32(image[offInitrdAddrMax:])
	h.Alignment = le.Uint32(image[offAlignment:])
	h.Relocatable = image[offRelocatable] != 0
	h.CmdLineSize = le.Uint32(image[offCmdLineSize:])
	h.PayloadOffset = le.Uint32(image[offPayloadOffset:])
	h.PayloadLength = le.Uint32(image[offPayloadLength:])
	h.PrefAddress = le.Uint64(image[offPrefAddress:])
	h.InitSize = le.Uint32(image[offInitSize:])
	switch {
	case image[offJump] != 0xeb || h.HeaderEnd < headerMin || h.HeaderEnd > len(image):
		return nil, notKernel("a setup header that ends at offset %#x", h.HeaderEnd)
	case h.LoadFlags&loadedHigh == 0:
		return nil, notKernel("a zImage, which loads below 1 MB; a bzImage is needed")
	case h.SetupSize >= len(image):
		return nil, notKernel("a bzImage cut off after %d bytes, before its protected-mode code at %d", len(image), h.SetupSize)
	}
	h.KernelVersion = versionString(image[:h.SetupSize])
	return h, nil
}

// versionString returns the human-readable version to which the header points.
func versionString(setup []byte) string {
	p := int(binary.LittleEndian.Uint16(setup[offKernelVersion:]))
	if p == 0 || p+0x200 >= len(setup) {
		return ""
	}
	s := setup[p+0x200:]
	for i, c := range s {
		if c == 0 {
			return string(s[:i])
		}
	}
	return ""
}

func notKernel(format string, args ...any) error {
	return &NotKernelError{Found: fmt.Sprintf(format, args...)}
}
