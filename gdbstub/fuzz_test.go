// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/vmrr/vmrr/cpu/x86"
)

// FuzzDispatch executes packets, one a line, on a target that refuses writes, and
// checks that the answers fit and that all that changed is the position.
func FuzzDispatch(f *testing.F) {
	for _, seed := range []string{
		"qSupported:multiprocess+;swbreak+;hwbreak+\n?\ng\nqXfer:features:read:target.xml:0,ffb",
		"Z0,1004,1\nvCont;c:p1.-1\nbs\nbc\nz0,1004,1\nZ2,2000,4\nc\nbc",
		"Z0,1004,1;X9,260000164022051327X3,220027\nZ0,1004,1;X5,2320001727\nc\nbc\nvCont;r1001,1008",
		"Z1,1005,1;X7,26000022021327;X5,23ffff1a27\nc\nbc\nZ1,1005,1\nc\nz1,1005,1;X3,220127",
		"vCont;r1000,1004:1;c\nm1000,20\nM1000,1:cc\nX1000,1:}]\np10\nP0=0000000000000001",
		"qRcmd,7265706c61795f7365656b203530\nqSearch:memory:1000;2000;\x90\nQqemu.PhyMemMode:1\nm0,4",
		"Qvmrr.Refreshes\nqXfer:features:read:target.xml:0,ffb\ng\np0\np8\np43\nP43=10\nc\nqXfer:features:read:target.xml:ff,ffb",
		"vFile:setfs:0\nvFile:open:6e6f746573,0,1c0\nvFile:pread:0,47ff,2\nvFile:fstat:0\nvFile:close:0",
		"Hgp1.1\nTp1.1\nqC\nqfThreadInfo\nqThreadExtraInfo,p1.1\nD;1\nk\nvKill;1\nR00\n!",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		target := newFake()
		target.readOnly = true
		bits := []uint64{64, 32, 16}[len(in)%3]
		target.set(x86.CodeBits, bits)
		s := newTestSession(t, target)
		for p := range bytes.SplitSeq(in, []byte("\n")) {
			answer := s.execute(context.Background(), inbound{data: p})
			if len(answer) > maxPacket {
				t.Fatalf("answer to %q has %d bytes; want at most %d", p, len(answer), maxPacket)
			}
		}
		s.finish()
		for p := range target.breaks {
			t.Errorf("%v left behind", p)
		}
		if len(target.watches) != 0 {
			t.Errorf("watchpoints left behind: %v", target.watches)
		}
		for target.back() {
		}
		fresh := newFake()
		fresh.set(x86.CodeBits, bits)
		if !bytes.Equal(target.mem, fresh.mem) || !slices.EqualFunc(target.regs[:], fresh.regs[:], bytes.Equal) {
			t.Error("the guest was changed")
		}
	})
}
