// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

func TestParseHeader(t *testing.T) {
	h, err := ParseHeader(testBzImage())
	if err != nil {
		t.Fatalf("ParseHeader(test image) = %v; want no error", err)
	}
	want := Header{
		Version: 0x20f, SetupSize: 1024, HeaderEnd: 0x26c, LoadFlags: 0x41, XLoadFlags: 1,
		Code32Start: 0x100000, InitrdAddrMax: 0x7fffffff, Alignment: 0x200000, Relocatable: true,
		CmdLineSize: 255, PrefAddress: 0x1000000, InitSize: 0x100000, KernelVersion: "1.2.3 test",
	}
	if *h != want {
		t.Errorf("ParseHeader(test image) = %+v; want %+v", *h, want)
	}
}

func TestParseHeaderDebian(t *testing.T) {
	h, err := ParseHeader(guestFile(t, "vmlinuz"))
	if err != nil {
		t.Fatalf("ParseHeader(vmlinuz) = %v; want no error", err)
	}
	if h.Version < 0x20f || !h.Has64BitEntry() || !h.Relocatable || h.CmdLineSize != 2047 || !strings.Contains(h.KernelVersion, "Debian") {
		t.Errorf("ParseHeader(vmlinuz) = %+v; want protocol 2.15 or later, a 64-bit entry, relocatable, command line 2047, a Debian version", *h)
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		image []byte
		want  string
	}{
		{"short", make([]byte, 100), "a file of 100 bytes"},
		{"no boot flag", with(func(b []byte) { b[offBootFlag] = 0 }), "not a kernel: no boot flag"},
		{"no magic", with(func(b []byte) { b[offMagic] = 'X' }), "without the setup header's HdrS"},
		{"jump backwards", with(func(b []byte) { b[offJump+1] = 4 }), "ends at offset 0x206"},
		{"no jump", with(func(b []byte) { b[offJump] = 0x90 }), "a setup header that ends"},
		{"zImage", with(func(b []byte) { b[offLoadFlags] = 0 }), "a zImage"},
		{"cut off", with(func(b []byte) { b[offSetupSects] = 200 }), "cut off after 5120 bytes"},
	} {
		_, err := ParseHeader(c.image)
		var not *NotKernelError
		if !errors.As(err, &not) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: ParseHeader = %v; want a NotKernelError with %q", c.name, err, c.want)
		}
	}
	old := with(func(b []byte) { binary.LittleEndian.PutUint16(b[offVersion:], 0x20b) })
	_, err := ParseHeader(old)
	var protocol *ProtocolError
	if !errors.As(err, &protocol) || protocol.Version != 0x20b || !strings.Contains(err.Error(), "2.11") {
		t.Errorf("ParseHeader(protocol 2.11) = %v; want a ProtocolError that names 2.11", err)
	}
}

// Whatever the bytes are, the parser and what reads by the header's values
// must return, and a header it accepts must lie inside the file.
func FuzzParseHeader(f *testing.F) {
	f.Add(testBzImage()[:3*sector])
	f.Add(with(func(b []byte) { b[offKernelVersion+1] = 0xff })[:3*sector])
	f.Add(with(func(b []byte) {
		binary.LittleEndian.PutUint32(b[offPayloadLength:], 64)
		copy(b[2*sector:], "\xfd7zXZ\x00")
	})[:3*sector])
	f.Add([]byte("\x7fELF"))
	mem := make(ram, 32<<20)
	f.Fuzz(func(t *testing.T, image []byte) {
		h, err := ParseHeader(image)
		if err != nil {
			return
		}
		if h.SetupSize >= len(image) || h.HeaderEnd > len(image) {
			t.Errorf("ParseHeader accepted %d bytes with setup size %d and header end %d", len(image), h.SetupSize, h.HeaderEnd)
		}
		if h.PayloadLength < 1<<16 {
			Unpack(image)
		}
		Load(mem, Config{Kernel: image, E820: pcMap(32 << 20), LowRAM: 32 << 20})
	})
}
