// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"math"
	"testing"
)

var pagingGuests = []microGuest{
	{name: "paging", check: func(t *testing.T, g *guest) { g.wantRecords() }},
	{name: "smap", model: "max",
		setup: func(g *guest) {
			for i := uint64(0); i < 512; i++ {
				if page := i << 12; page < 0xd0000 || page >= 0xe0000 {
					g.setQuad(guestPT+8*i, page|3)
				}
			}
		},
		check: func(t *testing.T, g *guest) { g.wantRecords() }},
}

var systemGuests = []microGuest{
	{name: "system", check: func(t *testing.T, g *guest) { g.wantRecords() }},
	{name: "a20", check: func(t *testing.T, g *guest) {
		g.wantQuads(guestData, 0x2222, 0x1111, 0x3333, 0x2222, 0)
	}},
	{name: "fpu", check: func(t *testing.T, g *guest) {
				for i, want := range []float64{1.0 / 3, math.Nextafter(1.0/3, 0), math.Nextafter(1.0/3, 1), 1.0 / 3} {
			_ = want
			_ = i
		}
	}},
}
