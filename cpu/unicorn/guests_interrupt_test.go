// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"testing"

	"github.com/vmrr/vmrr/cpu/x86"
)

var interruptGuests = []microGuest{
	{name: "interrupts", check: func(t *testing.T, g *guest) {
		// The shadows: Intel SDM vol. 3, 6.8.3 and vol. 2, STI.
		g.wantRecords(
			"#48 at after_sti",
			"#49 at after_out",
			"#50 at after_popf",
			"#51 at after_two",
			"#52 at after_ss",
			"#53 at after_nested",
			"#54 at after_nested",
			"#55 at after_iret",
			"#6 at faults",
			"#56 at after_ud",
			"#57 at rep_outs",
			"#58 at rep_outs",
			"#59 at rep_outs",
		)
	}},
	{name: "nmi", check: func(t *testing.T, g *guest) {
		g.wantRecords(
			"#2 at after_out",
			"#2 at after_ss",
			"#2 at after_again",
			"#2 at after_again",
			"#65 at after_both",
			"#2 at in_both",
			"#66 at after_both",
			"#2 at after_sti",
			"#2 at after_early",
			"#2 at in_handler",
		)
	}},
	{name: "halt",
		setup: func(g *guest) {
			g.onHalt = func() bool {
				switch {
				case g.InterruptsEnabled():
					g.board.raise(0x50)
				case g.State().Regs[x86.RegRBX] == 1:
					g.NMI()
				default:
					return false
				}
				return true
			}
		},
		check: func(t *testing.T, g *guest) {
			g.wantRecords("#80 at woken", "#80 at woken2", "#81 at woken3", "#2 at woken_nmi")
		}},
}

var softwareGuests = []microGuest{
	{name: "softint", check: func(t *testing.T, g *guest) {
		// The error code of a gate: vector*8 + 2, Intel SDM vol. 3, 6.13.
		g.wantRecords(
			"#3 at after_int3",
			"#128 at after_int80",
			"#3 at after_int_3",
			"#11(0x412) at absent",
			"#130 at after_absent",
			"#13(0x482) at beyond",
			"#13(0x102) at forbidden",
			"#129 at after_user81",
			"#3 at after_user3",
			"#13(0x0) at privileged",
			"#13(0x0) at privileged2",
			"#13(0x0) at in_60",
			"#13(0x0) at in_61w",
			"#13(0x0) at out_60",
			"#13(0x0) at ins_60",
			"#134 at after_iopl",
			"#14(0x2) at nostack cr2 0x77ff8",
			"#131 at after_nostack",
			"#132 at kernel",
			"#14(0x2) at nostack0 cr2 0xd0ff8",
			"#133 at after_nostack0",
			"#8(0x0) at double",
		)
		for i, r := range g.records() {
			if user := i >= 6 && i <= 18; user != (r.CS == 0x33) {
				t.Errorf("record %d, %s: CS %#x; want one of user mode: %v", i, g.text(r), r.CS, user)
			}
		}
	}},
	{name: "trap", check: func(t *testing.T, g *guest) {
		// Intel SDM vol. 3, 17.3.1.4: a trap behind each instruction that began with
		// TF set, but INT n and MOV SS; one an iteration of REP, and one more as the
		// last look at RCX counts as an instruction here.
		g.wantRecords(
			"#1 at t1", "#1 at t2", "#128 at t3", "#1 at t4", "#1 at t5", "#1 at t5", "#1 at t5", "#1 at t6",
			"#1 at t7", "#1 at t9", "#1 at t9b", "#1 at t9c", "#1 at t10", "#1 at t9d", "#1 at t10b",
			"#1 at t11", "#14(0x0) at t11 cr2 0xd0000", "#1 at t12", "#1 at t12b", "#1 at t12c", "#1 at t13",
			"#1 at t13b", "#1 at t13c", "#1 at t13d", "#1 at t13e", "#1 at t13f", "#1 at t13g",
			"#48 at t13g", "#1 at t13h", "#1 at t14", "#1 at t14b", "#1 at t14c", "#1 at t14d", "#1 at t15",
		)
		for i, r := range g.records() {
			if r.Vector != 14 && r.RFLAGS>>8&1 != 1 && r.RIP != g.symbol("t15") {
				t.Errorf("record %d, %s: RFLAGS %#x in the frame; want TF", i, g.text(r), r.RFLAGS)
			}
		}
	}},
	{name: "debug", faultDB: true, check: func(t *testing.T, g *guest) {
		// A read-modify-write faults at its load, so not with W in the error code.
		g.wantRecords("#14(0x0) at r5 cr2 0xd0000", "#6 at r7",
			"#1 at b1", "#1 at b2", "#1 at b1", "#1 at b2", "#1 at b1", "#1 at b2")
		for i, r := range g.records() {
			if rf := r.RFLAGS>>16&1 == 1; rf != (r.Vector != 1) {
				t.Errorf("record %d, %s: RFLAGS %#x in the frame; RF is %v", i, g.text(r), r.RFLAGS, rf)
			}
		}
		if dr6 := g.quad(guestData + 8); dr6&0xf == 0 {
			t.Errorf("DR6 is %#x behind the breakpoints; want one of B0 to B3", dr6)
		}
	}},
}

var codeGuests = []microGuest{
	{name: "selfmod", check: func(t *testing.T, g *guest) {
		if got, want := g.quad(guestData)&0xffffffff, uint64(2+3+1+2+3+1+0x10+1+0x20+0x30+0x11+4+5+820); got != want {
			t.Errorf("the sum is %#x, want %#x", got, want)
		}
	}},
}
