// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// record is what a handler of common.S noted of the frame it was given.
type record struct {
	Vector, Error, RIP, CS, RFLAGS, RSP, CR2 uint64
	ICount                                   uint64 // at the delivery
}

// recordDelay is the number of instructions from a delivery to the RDTSC of the
// handler, which is counted in what it reads: two pushes (or NOPs) and a push, a
// jump, four pushes, three to find the record, RDTSC.
var recordDelay = map[bool]uint64{false: 11, true: 12}

// records returns what the handlers noted, in order.
func (g *guest) records() []record {
	const at = 0xa0000
	rs := make([]record, g.quad(guestRecords))
	for i := range rs {
		b := g.ram[at+64*i:]
		f := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
		rs[i] = record{f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)}
		rs[i].ICount -= recordDelay[hasError(rs[i].Vector)]
	}
	return rs
}

func hasError(vector uint64) bool {
	switch vector {
	case 8, 10, 11, 12, 13, 14, 17:
		return true
	}
	return false
}

// isTrap says that the frame of this vector is behind the instruction that
// caused it, in the micro-guests: #BP, #OF, and every INT n from 0x30 on that the
// guests use as such.
func (r record) isTrap() bool { return r.Vector == 3 || r.Vector == 4 || r.Vector >= 0x80 }

// where names an address by the label that lies there.
func (g *guest) where(rip uint64) string {
	if n, ok := g.program.names[rip]; ok {
		return n
	}
	return fmt.Sprintf("%#x", rip)
}

// text is a record in short: "#14(2) at label cr2 0xb0000". An error code stands
// behind those that have one, CR2 behind page faults.
func (g *guest) text(r record) string {
	s := fmt.Sprintf("#%d", r.Vector)
	if hasError(r.Vector) {
		s += fmt.Sprintf("(%#x)", r.Error)
	}
	s += " at " + g.where(r.RIP)
	if r.Vector == 14 {
		s += fmt.Sprintf(" cr2 %#x", r.CR2)
	}
	return s
}

// wantRecords compares what the handlers noted with lines as text makes them.
func (g *guest) wantRecords(want ...string) {
	g.t.Helper()
	var got []string
	for _, r := range g.records() {
		got = append(got, g.text(r))
	}
	if !slices.Equal(got, want) {
		g.t.Errorf("the handlers saw\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantLog compares what the board saw with lines like "12 out 0x10 1 0x30":
// count, kind, address, size, value. A value "-" stands for any.
func (g *guest) wantLog(want ...string) {
	g.t.Helper()
	var got []string
	for i, a := range g.board.log {
		s := fmt.Sprintf("%d %s %#x %d %#x", a.icount, a.kind, a.addr, a.size, a.value)
		if i < len(want) {
			if head, ok := strings.CutSuffix(want[i], " -"); ok {
				want[i] = head + s[strings.LastIndexByte(s, ' '):]
			}
		}
		got = append(got, s)
	}
	if !slices.Equal(got, want) {
		g.t.Errorf("the board saw\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantQuads compares quadwords of RAM from pa on.
func (g *guest) wantQuads(pa uint64, want ...uint64) {
	g.t.Helper()
	for i, w := range want {
		if got := g.quad(pa + 8*uint64(i)); got != w {
			g.t.Errorf("quadword at %#x is %#x, want %#x", pa+8*uint64(i), got, w)
		}
	}
}

// wantICount compares the count now with a count made by hand.
func (g *guest) wantICount(want uint64) {
	g.t.Helper()
	if got := g.ICount(); got != want {
		g.t.Errorf("%d instructions ran, want %d", got, want)
	}
}
