// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"math"
	"testing"
)

var pagingGuests = []microGuest{
	{name: "paging", check: func(t *testing.T, g *guest) {
		// Error codes: Intel SDM vol. 3, 4.7 (P=1 W=2 U=4 RSVD=8 I=16).
		g.wantRecords(
			"#14(0x3) at f1 cr2 0xd1000",
			"#14(0x0) at f2 cr2 0xd1000",
			"#14(0x3) at f3 cr2 0x200008",
			"#14(0x11) at 0xd4000 cr2 0xd4000",
			"#14(0x9) at f4 cr2 0xd4000",
			"#14(0xb) at f5 cr2 0xd4000",
			"#14(0x9) at f6 cr2 0x600000",
			"#14(0x3) at f7 cr2 0xd4000",
			"#14(0x5) at f8 cr2 0xd7000",
			"#14(0x7) at f9 cr2 0xd7000",
			"#14(0x15) at 0xd7000 cr2 0xd7000",
			"#13(0x0) at f9b",
			"#14(0x9) at f10 cr2 0xd8000",
		)
		g.wantQuads(guestData, 0xd0007, 0xd0027, 0xd0067, 0xd0067, 0xd0027, 0xd0067, 0xd0007, 0xd0067, // 0 to 7
			0x4027, 0x4027, 0x2027, 0xd2027, 0xd2067, 0x5678, 0x1234, 0x5678, 0x1234, // 8 to 16
			0xa7, 0xe7, 0x5678, 0x1234, 0x1234, 0x2027, 0x1023, 0x1063, 0xd4065, 2) // 17 to 26
	}},
	{name: "smap", model: "max",
		setup: func(g *guest) {
			for i := uint64(0); i < 512; i++ {
				if page := i << 12; page < 0xd0000 || page >= 0xe0000 {
					g.setQuad(guestPT+8*i, page|3)
				}
			}
		},
		check: func(t *testing.T, g *guest) {
			g.wantRecords(
				"#14(0x11) at 0xd0000 cr2 0xd0000",
				"#14(0x1) at f1 cr2 0xd0000",
				"#14(0x3) at f2 cr2 0xd0000",
				"#14(0x1) at f3 cr2 0xd1000",
				"#14(0x1) at f4 cr2 0xd1000",
				"#128 at 0xd2005",
			)
		}},
}

var systemGuests = []microGuest{
	// It writes the TSC, by which the handlers would note the count.
	{name: "system", foreign: true, check: func(t *testing.T, g *guest) {
		var want []string
		for _, at := range []string{"g1", "g2", "g4", "g5", "g6", "g7", "g8", "g9", "g10", "g11", "g12", "g13", "g14",
			"g15", "g16", "g17", "g18", "g19"} {
			want = append(want, "#13(0x0) at "+at)
		}
		g.wantRecords(want...)
		g.wantQuads(guestData, 8, 17, 0x77, // time is the count, at 1 GHz with a shift of 0
			1<<32+1, 1<<32+7, 0x82, 0xffffffff80000000, 0x508, 0xc06, // MSRs
			7, 0x68747541, 0x3028, 0, // CPUID
			5, 0x80010033, 0x33)
		g.wantLog("43 rdmsr 0x12345 0 0x0", "86 wrmsr 0x12345 0 0x7", "130 rdmsr 0x1b 0 0x0", "135 wrmsr 0x1b 0 0x82",
			"409 settpr 0x0 0 0x5", "410 tpr 0x0 0 0x5")
	}},
	{name: "a20", check: func(t *testing.T, g *guest) {
		g.wantQuads(guestData, 0x2222, 0x1111, 0x3333, 0x2222, 0)
	}},
	{name: "fpu", check: func(t *testing.T, g *guest) {
		// 1/3 in the four rounding modes of MXCSR: nearest, down, up, to zero.
		third := 1.0 / 3 // below the true value
		for i, want := range []float64{third, third, math.Nextafter(third, 1), third} {
			if got := math.Float64frombits(g.quad(guestData + 0x100 + 16*uint64(i))); got != want {
				t.Errorf("1/3 with rounding mode %d is %v, want %v", i, got, want)
			}
		}
		// 1/pi rounded down to 24 bits of mantissa, then stored as a double.
		if got, want := math.Float64frombits(g.quad(guestData+0x20)), 0.3183098861837906715; math.Abs(got-want) > 1e-15 {
			t.Errorf("1/pi is %v, want %v", got, want)
		}
		// FXRSTOR brings back pi, XMM15 and MXCSR.
		g.wantQuads(guestData+0x400, 0xc90fdaa22168c235, 0x4000, 0x00af9b000000ffff, 0x00cf93000000ffff)
		g.wantQuads(guestData+0x428, 0x005e36000000fefe)
	}},
}
