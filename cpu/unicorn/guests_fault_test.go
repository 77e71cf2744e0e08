// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/cpu/x86"
)

// startCount is how many instructions common.S runs before main.
const startCount = 5

var countGuests = []microGuest{
	{name: "smoke", check: func(t *testing.T, g *guest) {
		// The loop is 1+3*1000; LEA, CALL, XCHG, RET; REP counts each iteration and
		// the last look at RCX: 2+7+1, 3+3+1; JMP, CLI, HLT.
		g.wantICount(startCount + 3001 + 4 + 10 + 7 + 3)
		if got := g.State().Regs[x86.RegRBX]; got != 500500+0x58 { // AX is 0x58 from common.S
			t.Errorf("the sum of 1 to 1000 is %d, want 500588", got)
		}
	}},
}

var faultGuests = []microGuest{
	{name: "faults", check: func(t *testing.T, g *guest) {
		// Error codes: Intel SDM vol. 3, 4.7 (P=1 W=2 U=4 RSVD=8 I=16).
		g.wantRecords(
			"#14(0x0) at load cr2 0xd0008",
			"#14(0x2) at store cr2 0xd1010",
			"#14(0x3) at readonly cr2 0xd2018",
			"#14(0x0) at cross cr2 0xd3000",
			"#14(0x2) at pushf cr2 0xd3ffc",
			"#14(0x2) at pushf cr2 0xd4000",
			"#13(0x0) at noncanonical",
			"#0 at divide",
			"#0 at overflow",
			"#6 at undefined",
			"#6 at far_jump",
			"#6 at far_call",
			"#13(0xfff8) at selector",
			"#7 at fpu",
			"#7 at sse",
			"#16 at pending",
		)
	}},
	{name: "flags", check: func(t *testing.T, g *guest) {
		g.wantRecords("#14(0x2) at f1 cr2 0xd0000", "#14(0x0) at f2 cr2 0xd1000", "#14(0x2) at f3 cr2 0xd2000",
			"#14(0x0) at f4 cr2 0xd3000", "#6 at u1", "#6 at u2", "#6 at u3", "#6 at u4")
		const cf, pf, af, zf, sf, of = 1, 4, 0x10, 0x40, 0x80, 0x800
		for i, want := range []uint64{cf | pf | af | sf, pf | af | sf | of, pf | af | zf, pf | af | sf} {
			const all = cf | pf | af | zf | sf | of
			got := g.records()[i].RFLAGS & all
			if i == 2 {
				got &^= cf // INC leaves that of RCL
			}
			if got != want {
				t.Errorf("the flags in the frame of f%d are %#x, want %#x", i+1, got, want)
			}
		}
		g.wantQuads(guestData+0x20, 2|cf|pf|af|sf, 2|cf|pf|of, 2|zf|pf|af|cf|sf, 2|cf|sf|of|af)
	}},
	{name: "fetch", check: func(t *testing.T, g *guest) {
		// I=16 is in the error code as EFER.NXE is set.
		g.wantRecords(
			"#14(0x10) at 0xd0000 cr2 0xd0000",
			"#14(0x11) at 0xd1000 cr2 0xd1000",
			"#14(0x10) at 0xd2ffb cr2 0xd3000",
			"#13(0x0) at 0x800000000000",
		)
		g.wantQuads(guestData, 0x1122334455667788, 0x9090909090667788, 0x9090909090561234, 0x9090907790561234)
	}},
}

var deviceGuests = []microGuest{
	{name: "mmio", check: func(t *testing.T, g *guest) {
		// The library makes two accesses of 4 bytes of one of 8.
		g.wantLog(
			"8 read 0x10000000 4 -", "8 read 0x10000004 4 -",
			"10 write 0x10000008 4 0x2",
			"12 write 0x10000010 1 0x3",
			"13 read 0x10000012 2 -",
			"15 read 0x10000014 4 -", "15 write 0x10000014 4 -",
			"17 read 0x10000018 4 -", "17 read 0x1000001c 4 -", "17 write 0x10000018 4 -", "17 write 0x1000001c 4 -",
			"18 read 0x10000020 4 -", "18 write 0x10000020 4 -",
			"22 read 0x10000000 4 -", "23 read 0x10000004 4 -", "24 read 0x10000008 4 -",
			"29 write 0x10000100 4 -", "29 write 0x10000104 4 -", "30 write 0x10000108 4 -", "30 write 0x1000010c 4 -",
			"34 read 0x10000000 2 -", "34 write 0x10000040 2 -",
			"37 write 0x10000078 4 -", "37 write 0x1000007c 4 -", "38 read 0x10000078 4 -", "38 read 0x1000007c 4 -",
			"39 write 0x10000078 4 -", "39 write 0x1000007c 4 -",
			"41 read 0x10000200 4 -", "41 read 0x10000204 4 -", "41 read 0x10000208 4 -", "41 read 0x1000020c 4 -",
			"42 write 0x10000210 4 -", "42 write 0x10000214 4 -", "42 write 0x10000218 4 -", "42 write 0x1000021c 4 -",
		)
		g.wantICount(42 + 4)
	}},
	{name: "mmiocross", check: func(t *testing.T, g *guest) {
		// An unaligned store over a page end comes byte by byte, a load as the two
		// aligned words it lies in.
		g.wantRecords("#14(0x2) at store cr2 0xd1000")
		want := []string{"7 read 0x10000000 2 -", "7 read 0x10000002 2 -",
			"9 read 0x10000ffc 4 -", "9 read 0x10001000 4 -"}
		for i := range 8 {
			want = append(want, fmt.Sprintf("11 write %#x 1 -", 0x10000ffc+i))
		}
		want = append(want, "13 read 0x200000 4 -", "13 read 0x200004 4 -")
		for i := range 4 {
			want = append(want, fmt.Sprintf("15 write %#x 1 -", 0x200000+i))
		}
		for i := range 4 { // nothing before the fault
			want = append(want, fmt.Sprintf("66 write %#x 1 -", 0x10003ffc+i))
		}
		g.wantLog(want...)
	}},
	{name: "ports", check: func(t *testing.T, g *guest) {
		g.wantRecords("#14(0x2) at ins cr2 0xd0000")
		g.wantLog("7 in 0x3f8 1 -", "9 in 0x61 2 -", "10 in 0x3f8 4 -",
			"12 out 0x80 1 0xa", "13 out 0x3f8 2 0xa", "14 out 0x3f8 4 0x3f8000a",
			"17 in 0x3f8 2 -", "18 in 0x3f8 2 -", "19 in 0x3f8 2 -",
			"23 out 0x3f8 4 0x120011", "24 out 0x3f8 4 0x13", "26 in 0x3f8 1 -", "27 out 0x3f8 1 0x0",
			"34 in 0x3f8 2 -", "81 in 0x3f8 2 -", // the handler is 46 instructions
			"84 read 0x10000000 4 -", "84 out 0x3f8 4 -", "86 in 0x3f8 1 -")
	}},
}
