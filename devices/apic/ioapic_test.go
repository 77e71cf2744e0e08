// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "testing"

func TestIOAPICRegisters(t *testing.T) {
	b := enabled(t)
	for _, c := range []struct {
		name        string
		index       uint8
		write, want uint64
	}{
		{"ID", 0, 0xFFFFFFFF, 0x0F000000},
		{"version", 1, 0xFFFFFFFF, 0x00170020},
		{"arbitration follows the ID", 2, 0, 0x0F000000},
		{"reserved", 3, 0xFFFFFFFF, 0},
		{"entry 23 low", 0x3E, 0xFFFFFFFF, 0x0001AFFF},
		{"entry 23 high", 0x3F, 0xFFFFFFFF, 0xFF000000},
		{"beyond", 0x40, 0xFFFFFFFF, 0},
	} {
		b.io.Write(ioRegSel, 4, uint64(c.index))
		b.io.Write(ioWin, 4, c.write)
		if got := b.io.Read(ioWin, 4); got != c.want {
			t.Errorf("%s: wrote %#x at index %#x, read %#x; want %#x", c.name, c.write, c.index, got, c.want)
		}
	}
	if got := b.entry(5); got != 0x10000 {
		t.Errorf("entry 5 after reset = %#x; want 0x10000", got)
	}
	b.io.Write(ioRegSel, 1, 1)
	for _, c := range []struct {
		offset uint64
		size   int
		want   uint64
	}{{0, 4, 1}, {0x10, 1, 0x20}, {0x12, 1, 0x17}, {0x10, 8, 0x170020}, {0x20, 4, 0}, {0x40, 4, 0}} {
		if got := b.io.Read(c.offset, c.size); got != c.want {
			t.Errorf("Read(%#x, %d) = %#x; want %#x", c.offset, c.size, got, c.want)
		}
	}
}

func TestIOAPICEdge(t *testing.T) {
	b := enabled(t)
	line := b.io.Line(2)
	line.Set(true) // masked: lost
	b.redirect(2, 0x30)
	b.wantINTR("unmasking a pin whose edge was masked", false)
	line.Set(true)
	b.wantINTR("the level it has", false)
	line.Set(false)
	line.Set(true)
	line.Set(false)
	b.wantAck("an edge", 0x30)
	b.write(regEOI, 0)
	b.wantINTR("its end", false)
	if got := b.read(regTMR + 0x10); got != 0 {
		t.Errorf("TMR of an edge = %#x; want 0", got)
	}
	b.redirect(2, 5<<redirDest|0x30) // nobody has ID 5
	line.Set(true)
	b.wantINTR("an edge to nobody", false)
}

func TestIOAPICLevel(t *testing.T) {
	b := enabled(t)
	line := b.io.Line(9)
	b.redirect(9, lvtLevel|lvtMasked|0x91)
	line.Set(true)
	b.wantINTR("a masked level", false)
	b.redirect(9, lvtLevel|0x91)
	b.wantAck("unmasking a level", 0x91)
	if got, want := b.entry(9), uint64(lvtLevel|lvtRemoteIRR|0x91); got != want {
		t.Errorf("entry in service = %#x; want %#x", got, want)
	}
	line.Set(false)
	line.Set(true)
	b.wantINTR("a level in service", false)
	b.write(regEOI, 0)
	b.wantAck("the end of a level still high", 0x91)
	line.Set(false)
	b.write(regEOI, 0)
	b.wantINTR("the end of a level gone low", false)
	if got, want := b.entry(9), uint64(lvtLevel|0x91); got != want {
		t.Errorf("entry after the end = %#x; want %#x", got, want)
	}

	// The EOI register, and a switch to edge and back, clear remote IRR too.
	line.Set(true)
	line.Set(false)
	b.io.Write(ioEOI, 4, 0x91)
	if got := b.entry(9); got&lvtRemoteIRR != 0 {
		t.Errorf("entry after the EOI register = %#x; want remote IRR clear", got)
	}
	line.Set(true)
	line.Set(false)
	b.redirect(9, lvtMasked|0x91)
	b.redirect(9, lvtLevel|0x91)
	if got := b.entry(9); got&lvtRemoteIRR != 0 {
		t.Errorf("entry after a turn as edge = %#x; want remote IRR clear", got)
	}
}

func TestIOAPICLevelNotAccepted(t *testing.T) {
	b := newBench(t, false) // software-disabled
	b.redirect(9, lvtLevel|0x91)
	b.io.Line(9).Set(true)
	if got := b.entry(9); got&lvtRemoteIRR != 0 {
		t.Errorf("entry of a refused level = %#x; want remote IRR clear", got)
	}
	b.write(regSVR, 0x1FF)
	b.redirect(9, lvtLevel|0x91)
	b.wantAck("writing the entry again", 0x91)
}

func TestIOAPICModes(t *testing.T) {
	b := enabled(t)
	b.redirect(4, lvtLevel|uint64(modeNMI)<<8) // an edge whatever the trigger bit says
	b.io.Line(4).Set(true)
	if b.nmis != 1 || b.entry(4)&lvtRemoteIRR != 0 {
		t.Errorf("NMI by a pin: %d NMIs, entry %#x; want 1 and remote IRR clear", b.nmis, b.entry(4))
	}
	b.write(regLDR, 1<<24)
	b.redirect(5, 1<<redirDest|redirLogical|1<<8|0x44)
	b.io.Line(5).Set(true)
	b.wantAck("lowest priority, logical", 0x44)
}
