// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bytes"
	"context"
	"fmt"
	"testing"
)

// FuzzDispatch executes packets, one a line, on a target that refuses writes, and
// checks that the answers fit and that all that changed is the position.
func FuzzDispatch(f *testing.F) {
	for _, seed := range []string{
		"qSupported:multiprocess+;swbreak+;hwbreak+\n?\ng\nqXfer:features:read:target.xml:0,ffb",
		"Z0,1004,1\nvCont;c:p1.-1\nbs\nbc\nz0,1004,1\nZ2,2000,4\nc\nbc",
		"vCont;r1000,1004:1;c\nm1000,20\nM1000,1:cc\nX1000,1:}]\np10\nP0=0000000000000001",
		"qRcmd,7265706c61795f7365656b203530\nqSearch:memory:1000;2000;\x90\nQqemu.PhyMemMode:1\nm0,4",
		"Hgp1.1\nTp1.1\nqC\nqfThreadInfo\nqThreadExtraInfo,p1.1\nD;1\nk\nvKill;1\nR00\n!",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		target := newFake()
		target.readOnly = true
		s := newTestSession(t, target)
		for p := range bytes.SplitSeq(in, []byte("\n")) {
			answer := s.execute(context.Background(), inbound{data: p})
			if len(answer) > maxPacket {
				t.Fatalf("answer to %q has %d bytes; want at most %d", p, len(answer), maxPacket)
			}
		}
		s.finish()
		for addr, n := range target.breaks {
			if n != 0 {
				t.Errorf("breakpoint at %#x left behind", addr)
			}
		}
		if len(target.watches) != 0 {
			t.Errorf("watchpoints left behind: %v", target.watches)
		}
		for target.back() {
		}
		fresh := newFake()
		if got, want := fmt.Sprint(target.regs, target.mem), fmt.Sprint(fresh.regs, fresh.mem); got != want {
			t.Error("the guest was changed")
		}
	})
}
