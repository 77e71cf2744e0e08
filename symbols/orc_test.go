// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestFrames(t *testing.T) {
	frames := testTable(t).frames
	want := []frame{
		{addr: testBase + 0x100, kind: frameCall, end: baseSP, endAt: 8, bp: baseNone},
		{addr: testBase + 0x101, kind: frameCall, end: baseSP, endAt: 16, bp: basePrevSP, bpAt: -16},
	}
	if len(frames) != orcCount || !slices.Equal(frames[:2], want) {
		t.Errorf("a made kernel has %d frames and first\n%+v\nwant %d and first\n%+v", len(frames), frames[:min(2, len(frames))], orcCount, want)
	}
}

// Of what lies at one address, terminators give way, and the last counts.
func TestFramesAtOneAddress(t *testing.T) {
	img := testTable(t).image
	rodata := img.segments[1].data
	at := func(i int, addr uint64, entry []byte) {
		le.PutUint32(rodata[orcIPAt+4*i:], uint32(addr-(testBase+0x200000+orcIPAt+uint64(4*i))))
		copy(rodata[orcAt+6*i:], entry)
	}
	at(0, testBase+0x300, orcEntry(0, 0, 0))
	at(1, testBase+0x300, orcEntry(24, 0, 0x205))
	at(2, testBase+0x300, orcEntry(32, 0, 0x205))
	at(3, testBase+0x300, orcEntry(0, 0, 0))
	at(4, testBase+testSize, orcEntry(8, 0, 0x205)) // outside
	frames, _ := img.frames()
	i := slices.IndexFunc(frames, func(f frame) bool { return f.addr >= testBase+0x300 })
	if i != len(frames)-1 || frames[i].endAt != 32 {
		t.Errorf("the frames end in %+v; want one at %#x with its end at 32", frames[i:], uint64(testBase+0x300))
	}
}

func TestORCForms(t *testing.T) {
	for _, c := range []struct {
		name    string
		typical uint16
		entry   []byte
		want    frame
	}{
		{"6.1 call", 0x005, orcEntry(16, -16, 0x015), frame{kind: frameCall, end: baseSP, endAt: 16, bp: basePrevSP, bpAt: -16}},
		{"6.1 frame pointer", 0x005, orcEntry(16, -16, 0x014), frame{kind: frameCall, end: baseBP, endAt: 16, bp: basePrevSP, bpAt: -16}},
		{"6.1 realigned", 0x005, orcEntry(0, -8, 0x046), frame{kind: frameCall, end: baseR10, bp: baseBP, bpAt: -8}},
		{"6.1 registers", 0x005, orcEntry(0, 0, 0x105), frame{kind: frameRegs, end: baseSP, bp: baseNone}},
		{"6.1 interrupt", 0x005, orcEntry(8, 0, 0x205), frame{kind: frameIret, end: baseSP, endAt: 8, bp: baseNone}},
		{"6.1 end", 0x005, orcEntry(0, 0, 0x400), frame{kind: frameEnd, end: baseNone, bp: baseNone}},
		{"6.1 gap", 0x005, orcEntry(0, 0, 0), frame{kind: frameUnknown, end: baseNone, bp: baseNone, isTerminator: true}},
		{"6.3 interrupt", 0x005, orcEntry(8, 0, 0x605), frame{kind: frameIret, end: baseSP, endAt: 8, bp: baseNone}},
		{"6.3 end", 0x005, orcEntry(0, 0, 0x800), frame{kind: frameEnd, end: baseNone, bp: baseNone}},
		{"6.4 end", 0x205, orcEntry(0, 0, 0x100), frame{kind: frameEnd, end: baseNone, bp: baseNone}},
		{"6.4 registers", 0x205, orcEntry(0, 0, 0xb05), frame{kind: frameRegs, end: baseSP, bp: baseNone}},
		{"6.4 other stack", 0x205, orcEntry(8, 0, 0x209), frame{kind: frameCall, end: baseSPIndirect, endAt: 8, bp: baseNone}},
		{"6.19 call", 0x203, orcEntry(16, -16, 0x283), frame{kind: frameCall, end: baseSP, endAt: 16, bp: basePrevSP, bpAt: -16}},
		{"6.19 realigned", 0x203, orcEntry(0, 0, 0x246), frame{kind: frameCall, end: baseR10, bp: baseBP}},
		{"no such register", 0x205, orcEntry(8, 0, 0x20f), frame{kind: frameUnknown, end: baseNone, endAt: 8, bp: baseNone, isTerminator: true}},
		{"no such type", 0x205, orcEntry(8, 0, 0x705), frame{kind: frameUnknown, end: baseSP, endAt: 8, bp: baseNone, isTerminator: true}},
	} {
		form, ok := orcFormOf(bytes.Repeat(orcEntry(8, 0, c.typical), 3))
		if !ok {
			t.Errorf("%s: a table of entries %#x is of no form", c.name, c.typical)
			continue
		}
		if got := form.frame(c.entry); got != c.want {
			t.Errorf("%s: the frame of % x is %+v; want %+v", c.name, c.entry, got, c.want)
		}
	}
	if form, ok := orcFormOf(bytes.Repeat(orcEntry(8, 0, 0x20b), 3)); ok {
		t.Errorf("a table in an unknown form is read as %v; want none", form)
	}
}

func TestDebugFrame(t *testing.T) {
	frames := []frame{
		{addr: 0x1000, kind: frameCall, end: baseSP, endAt: 8, bp: baseNone},
		{addr: 0x1001, kind: frameCall, end: baseSP, endAt: 16, bp: basePrevSP, bpAt: -16},
		{addr: 0x1080, kind: frameCall, end: baseBP, endAt: 16, bp: baseBP, bpAt: -72},
		{addr: 0x1180, kind: frameCall, end: baseSPIndirect, endAt: 8, bp: baseBP, bpAt: -72},
		{addr: 0x1184, kind: frameCall, end: baseBPIndirect, endAt: -128, bp: baseNone},
		{addr: 0x2000, kind: frameRegs, end: baseSP, endAt: 64, bp: baseNone},
		{addr: 0x2008, kind: frameUnknown},
		{addr: 0x2010, kind: frameEnd, end: baseNone},
	}
	heads := len(debugFrame(0))
	want := []byte{
		76, 0, 0, 0, 0x18, 0, 0, 0, // length; the common entry of calls
		0, 0x10, 0, 0x1e, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, // 0x1e001000, 0x1000 bytes
		0x12, 7, 8, // RSP + 8
		0x41, 0x12, 7, 16, 0x11, 6, 0x70, // a byte on: RSP + 16, RBP at -16
		0x02, 0x7f, 0x12, 6, 16, 0x10, 6, 3, 0x76, 0xb8, 0x7f, // 127 bytes on: RBP + 16, RBP at RBP - 72
		0x03, 0, 1, 0x0f, 6, 0x77, 0, 6, 0x11, 8, 0x22, // 256 bytes on: what is at RSP, + 8
		0x44, 0x0f, 4, 0x76, 0x80, 0x7f, 6, 0x08, 6, // 4 bytes on: what is at RBP - 128; RBP is unchanged
	}
	for len(want)%8 != 0 {
		want = append(want, 0)
	}
	want[0] = byte(len(want) - 4)
	want = append(want,
		28, 0, 0, 0, 0x48, 0, 0, 0,
		0, 0x20, 0, 0x1e, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0,
		0x12, 7, 0xc0, 0, 0, 0, 0, 0, // RSP + 64
		20, 0, 0, 0, 0, 0, 0, 0,
		0x10, 0x20, 0, 0x1e, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0)
	if got := debugFrame(0x1e000000, frameRun{frames, 0x2020})[heads:]; !bytes.Equal(got, want) {
		t.Errorf("debugFrame gives\n% x\nwant\n% x", got, want)
	}
}

// What the processor and the kernel push for an interrupt: RIP, CS, RFLAGS, RSP and
// SS; in a struct pt_regs 16 other values come before them.
func TestCommonEntries(t *testing.T) {
	head := "\xff\xff\xff\xff\x01S\x00\x01\x01\x10"
	if got := string(commonEntry(frameIret)); !strings.HasPrefix(got, head) || !strings.HasSuffix(got, "\x11\x10\x00\x11\x07\x18") {
		t.Errorf("what an interrupt pushes is % x; want RIP at 0 and RSP at 24", got)
	}
	if got := string(commonEntry(frameRegs)); !strings.HasPrefix(got, head+"\x11\x0f\x00\x11\x0e\x08") || !strings.HasSuffix(got, "\x11\x10\x80\x01\x11\x07\x98\x01") {
		t.Errorf("a struct pt_regs is % x; want R15 at 0, R14 at 8, RIP at 128 and RSP at 152", got)
	}
}

func TestAppendSigned(t *testing.T) {
	for v, want := range map[int64]string{0: "\x00", 63: "\x3f", 64: "\xc0\x00", -1: "\x7f", -64: "\x40", -65: "\xbf\x7f", 32767: "\xff\xff\x01", -32768: "\x80\x80\x7e"} {
		if got := appendSigned(nil, v); string(got) != want {
			t.Errorf("appendSigned(%d) = % x; want % x", v, got, want)
		}
	}
}
