// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"testing"

	"github.com/vmrr/vmrr/cpu/x86"
)

var modeGuests = []microGuest{
	{name: "syscall",
		setup: func(g *guest) { g.setQuad(0x5000+8*0x80, g.symbol("to_compat")) },
		check: func(t *testing.T, g *guest) { g.wantRecords() }},
	{name: "modes", foreign: true,
		setup: func(g *guest) {
			clear(g.ram[:guestBase])
			copy(g.ram[guestRAM-16:], []byte{0xea, 0, 0, 0, 0x10}) // jmp 0x1000:0
			g.Reset()
			g.start = g.State()
		},
		check: func(t *testing.T, g *guest) { g.wantRecords() }},
}

// resetRegions has the last 64 KiB of RAM at the top of 4 GiB too.
func resetRegions(c *Config) {
	c.Regions = append(c.Regions, Region{PA: 0xffff0000, Size: 0x10000, Offset: guestRAM - 0x10000})
}

var _ = x86.RegRAX
