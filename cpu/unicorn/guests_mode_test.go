// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"testing"

	"github.com/vmrr/vmrr/cpu/x86"
)

var modeGuests = []microGuest{
	{name: "syscall",
		setup: func(g *guest) { g.setQuad(0x5000+8*0x80, g.symbol("to_compat")) },
		check: func(t *testing.T, g *guest) {
			g.wantRecords("#3 at at_int3", "#6 at in_64", "#128 at compat", "#4 at after_into",
				"#5 at bound_fault", "#6 at in_kernel", "#6 at no_sce")
			g.wantQuads(guestData,
				g.symbol("after_syscall"), 0x40202, 0x12, 0x10, 0x18, // RCX, R11, RFLAGS, CS, SS in the kernel
				g.symbol("after_syscall"),         // RCX in user mode again
				g.symbol("after_compat"), 0x40216, // by CSTAR
				0x70000, 0x10, 0x40016, // SYSENTER: RSP, CS, RFLAGS
				g.symbol("after_last"), 2, 2, 0x10, 0x18)
		}},
	{name: "modes", foreign: true,
		setup: func(g *guest) {
			clear(g.ram[:guestBase])
			copy(g.ram[guestRAM-16:], []byte{0xea, 0, 0, 0, 0x10}) // jmp 0x1000:0
			g.Reset()
			g.start = g.State()
		},
		check: func(t *testing.T, g *guest) {
			g.wantLog("25 out 0x10 1 0x33", "27 ack 0x0 0 0x33")
			for i, want := range []uint32{
				0x00012121, 1, 0, 0, // INT, IRQ, #UD in real mode
				0x60000011, uint32(g.symbol("after_legacy")), 8, // CR0, ECX and CS behind SYSCALL
				0x12345678, 0x9abcdef0, 0xe3, 0x2023, 0xd0023, 0xd1063, 0xd0023, // 32-bit paging
				0x12345678, 0x9abcdef0, 0xe3, 0xd0023, 0x4001, // PAE
				0x501, 0x12345678, 1, 0x4023, 0x101, // long mode
			} {
				if got := uint32(g.quad(guestData + 4*uint64(i))); got != want {
					t.Errorf("entry %d of the log is %#x, want %#x", i, got, want)
				}
			}
			for vector, want := range map[uint64]uint32{6: 1, 11: 1, 14: 3, 0x30: 1,
				0x41: 0x20, 0x42: 0, 0x43: 0x201000, 0x44: 9} { // error codes and CR2 behind the counts
				if got := uint32(g.quad(guestCounts + 4*vector)); got != want {
					t.Errorf("entry %#x of the counts is %#x, want %#x", vector, got, want)
				}
			}
			if s := g.State(); s.CR0 != 0x60000010|0x10000 || s.Segs[x86.SegCS].Selector != 0x1000 || s.EFER != 1 {
				t.Errorf("at the end CR0 is %#x, CS %#x, EFER %#x; want 0x60010010, 0x1000, 1", s.CR0, s.Segs[x86.SegCS].Selector, s.EFER)
			}
		}},
}

// resetRegions has the last 64 KiB of RAM at the top of 4 GiB too.
func resetRegions(c *Config) {
	c.Regions = append(c.Regions, Region{PA: 0xffff0000, Size: 0x10000, Offset: guestRAM - 0x10000})
}
